# Thin on purpose: every target calls a script or cargo, and each of these runs without make as well.
.DEFAULT_GOAL := help
.PHONY: help run test check accuracy bench screenshots lab incidents

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: ## set up what is missing, build, and serve the page on 127.0.0.1:5020
	@scripts/run

test: ## set up what the tests need, and run all of them
	@scripts/test

check: ## formatting, lints, wasm build, walls between the rooms
	@scripts/check

accuracy: ## how right the answers are over all scenarios, and each miss
	@scripts/accuracy

bench: ## how fast the two hot paths are
	@scripts/bench

reachability: ## the network evaluator against brute force on a million random worlds
	@scripts/reachability $(worlds)

screenshots: ## every page and state as pictures, into screenshots/
	@scripts/screenshots

lab: ## an AWS on this machine to try lb502 on: make lab incident=NAME
	@scripts/lab $(if $(incident),--incident $(incident))

incidents: ## the incidents that make lab knows
	@scripts/lab list
