//! Which load balancer, in which region, in which window: the form that starts an investigation.

use chrono::{TimeDelta, Utc};
use diagnosis::{
    api::{CreateInvestigation, Environment, Investigation, Problem},
    evidence::Window,
};
use leptos::{html, prelude::*, task::spawn_local};

use crate::{
    announce::Announcer,
    client::{self, Connection},
    components::ProblemNotice,
    router::Router,
    storage, text, time,
};

const WINDOWS: [(&str, &str); 4] = [
    ("15m", "Last 15 minutes"),
    ("1h", "Last hour"),
    ("3h", "Last 3 hours"),
    ("24h", "Last 24 hours"),
];
const FROM_TO: &str = "from-to";

/// What the form holds, shared with the list below it.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub(super) name: RwSignal<String>,
    pub(super) region: RwSignal<String>,
    window: RwSignal<String>,
    from: RwSignal<String>,
    to: RwSignal<String>,
    /// The load balancer whose investigation is being made.
    pub(super) busy: RwSignal<Option<String>>,
    problem: RwSignal<Option<Problem>>,
    /// The name that AWS was asked for last and that did not lead anywhere.
    refused: RwSignal<String>,
    router: Router,
}

impl Start {
    pub(super) fn provide() -> Self {
        let now = Utc::now();
        let start = Self {
            name: RwSignal::new(String::new()),
            region: RwSignal::new(storage::read("region").unwrap_or_default()),
            window: RwSignal::new("1h".to_owned()),
            from: RwSignal::new(time::to_field(now - TimeDelta::hours(1))),
            to: RwSignal::new(time::to_field(now)),
            busy: RwSignal::new(None),
            problem: RwSignal::new(None),
            refused: RwSignal::new(String::new()),
            router: Router::get(),
        };
        provide_context(start);
        start
    }

    pub(super) fn get() -> Self {
        expect_context::<Self>()
    }

    /// The region that was used last, if this server still offers it; else the server's own.
    pub(super) fn take_environment(self, environment: &Environment) {
        let offered = |region: &String| environment.regions.contains(region);
        let first = environment
            .region
            .clone()
            .or_else(|| environment.regions.first().cloned());
        let chosen = Some(self.region.get_untracked())
            .filter(offered)
            .or(first)
            .unwrap_or_default();
        if self.region.with_untracked(|region| *region != chosen) {
            self.region.set(chosen);
        }
    }

    /// Whether what is typed has been looked up already. Read reactively.
    pub(super) fn was_refused(self) -> bool {
        self.refused
            .with(|refused| self.name.with(|name| name.trim() == refused))
    }

    /// Makes the investigation and opens it. `region` is left out where the name says it itself.
    pub(super) fn begin(self, load_balancer: String, region: Option<String>) {
        if self.busy.get_untracked().is_some() {
            return;
        }
        let request = match self.request(load_balancer.clone(), region) {
            Ok(request) => request,
            Err(problem) => return self.problem.set(Some(problem)),
        };
        self.problem.set(None);
        self.busy.set(Some(load_balancer.clone()));
        let connection = Connection::get();
        Announcer::get().say(format!("Looking up {load_balancer}"));
        spawn_local(async move {
            let made = client::post::<_, Investigation>("/investigations", &request).await;
            connection.note(&made);
            // Whoever has left the start meanwhile is not taken away from where they are.
            let left = self.busy.try_set(None).is_some();
            match made {
                Ok(_) if left => {}
                Ok(made) => self.router.open(&format!("/investigations/{}", made.id)),
                Err(problem) => {
                    if matches!(problem.field.as_deref(), Some("load_balancer" | "region")) {
                        self.refused.try_set(load_balancer);
                    }
                    self.problem.try_set(Some(problem));
                }
            }
        });
    }

    fn request(
        self,
        load_balancer: String,
        region: Option<String>,
    ) -> Result<CreateInvestigation, Problem> {
        if load_balancer.is_empty() {
            return Err(mistake(
                "Which load balancer?",
                "Give its name, ARN, DNS name or a URL that it serves.",
            ));
        }
        let mut request = CreateInvestigation {
            load_balancer,
            region: region.filter(|region| !region.is_empty()),
            ..CreateInvestigation::default()
        };
        let window = self.window.get_untracked();
        if window == FROM_TO {
            let Some(window) = self.given_window() else {
                return Err(mistake(
                    "Which window?",
                    "Give both times as a date and a time, in UTC.",
                ));
            };
            request.from = Some(time::rfc3339(window.from));
            request.to = Some(time::rfc3339(window.to));
        } else {
            request.last = Some(window);
        }
        Ok(request)
    }

    /// Read reactively. Whether the window makes sense is for the server to say.
    fn given_window(self) -> Option<Window> {
        Some(Window {
            from: time::from_field(&self.from.get())?,
            to: time::from_field(&self.to.get())?,
        })
    }
}

fn mistake(title: &str, what_to_do: &str) -> Problem {
    Problem {
        title: title.to_owned(),
        what_to_do: what_to_do.to_owned(),
        ..Problem::default()
    }
}

#[component]
pub(super) fn StartForm(regions: Vec<String>) -> impl IntoView {
    let start = Start::get();
    let field = NodeRef::<html::Input>::new();
    // The attribute only works for pages that a server sent whole.
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let name = start.name.get_untracked().trim().to_owned();
        let region = (!text::names_its_region(&name)).then(|| start.region.get_untracked());
        if name.is_empty()
            && let Some(field) = field.get_untracked()
        {
            let _ = field.focus();
        }
        start.begin(name, region);
    };
    let mut offered = regions;
    let current = start.region.get_untracked();
    if !current.is_empty() && !offered.contains(&current) {
        offered.push(current.clone());
        offered.sort();
    }
    view! {
        <form class="panel start" on:submit=submit novalidate>
            <div class="start-line">
                <div class="field field-grow">
                    <label for="load-balancer">"Load balancer"</label>
                    <input
                        id="load-balancer" name="load_balancer" type="text" node_ref=field
                        autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="2048"
                        placeholder="Name, ARN, DNS name or URL" aria-describedby="start-problem"
                        bind:value=start.name
                    />
                </div>
                <div class="field">
                    <label for="region">"Region"</label>
                    <select id="region" prop:value=move || start.region.get() on:change=move |event| {
                        let region = event_target_value(&event);
                        storage::write("region", &region);
                        start.region.set(region);
                    }>
                        {offered.into_iter().map(|region| {
                            let selected = region == current;
                            view! { <option value=region.clone() selected=selected>{region.clone()}</option> }
                        }).collect_view()}
                    </select>
                </div>
            </div>
            <div class="start-foot">
            <fieldset class="windows">
                <legend>"When did it answer 502?"</legend>
                <div class="segments">
                    {WINDOWS.into_iter().chain([(FROM_TO, "From – to")]).map(|(id, title)| view! {
                        <label class="segment">
                            <input type="radio" name="window" value=id
                                prop:checked=move || start.window.get() == id
                                on:change=move |_| start.window.set(id.to_owned())/>
                            <span>{title}</span>
                        </label>
                    }).collect_view()}
                </div>
                <Show when=move || start.window.get() == FROM_TO>
                    <FromTo start/>
                </Show>
            </fieldset>
                <button type="submit" class="button button-primary" aria-disabled=move || start.busy.get().is_some().to_string()>
                    {move || if start.busy.get().is_some() { "Looking it up…" } else { "Investigate" }}
                </button>
            </div>
            <div id="start-problem">
                {move || start.problem.get().map(|problem| view! { <Refused problem/> })}
            </div>
        </form>
    }
}

#[component]
fn FromTo(start: Start) -> impl IntoView {
    let in_words = move || match start.given_window() {
        Some(window) if window.from >= window.to => "The window ends before it starts.".to_owned(),
        Some(window) => match time::window_local(window) {
            Some(local) => format!("{}, that is {local}.", time::length(window)),
            None => format!("{}. Your clock is on UTC too.", time::length(window)),
        },
        None => "Give both times.".to_owned(),
    };
    view! {
        <div class="from-to">
            <div class="field">
                <label for="from">"From (UTC)"</label>
                <input id="from" type="datetime-local" bind:value=start.from aria-describedby="window-words"/>
            </div>
            <div class="field">
                <label for="to">"To (UTC)"</label>
                <input id="to" type="datetime-local" bind:value=start.to aria-describedby="window-words"/>
            </div>
            <p id="window-words" class="quiet" role="status">{in_words}</p>
        </div>
    }
}

/// What the server refused; where several things match, the person picks one.
#[component]
fn Refused(problem: Problem) -> impl IntoView {
    let start = Start::get();
    let choices = problem.choices.clone();
    let several = !choices.is_empty();
    view! {
        <ProblemNotice problem/>
        {several.then(|| view! {
            <ul class="choices" aria-label="Load balancers to choose from">
                {choices.into_iter().map(|choice| {
                    let picked = choice.clone();
                    let region = (!text::names_its_region(&choice)).then(|| start.region.get_untracked());
                    view! {
                        <li>
                            <button type="button" class="button choice" on:click=move |_| start.begin(picked.clone(), region.clone())>
                                {choice}
                            </button>
                        </li>
                    }
                }).collect_view()}
            </ul>
        })}
    }
}
