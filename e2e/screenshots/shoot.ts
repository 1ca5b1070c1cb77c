import { resolve } from "node:path";
import type { Page } from "@playwright/test";

const FOLDER = resolve(__dirname, "../../screenshots");
const WIDTHS = [1280, 360];

/** The page as it stands, whole, in light and dark, wide and narrow: screenshots/NAME-WIDTH-SCHEME.png. */
export async function shoot(page: Page, name: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const path = resolve(FOLDER, `${name}-${width}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true, animations: "disabled" });
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}
