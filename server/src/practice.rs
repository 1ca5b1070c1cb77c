//! Practice incidents: evidence that was recorded once, replayed so that the whole product can be
//! seen on a machine without AWS.

use std::{sync::LazyLock, time::Duration};

use diagnosis::{Observed, Step, api::PracticeIncident, bundle::Bundle, evidence::Part};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::collect::Progress;

/// A recorded call takes this long, so that the page can be seen at work.
const CALL: Duration = Duration::from_millis(60);

/// A recorded incident inside this binary.
#[derive(Debug)]
pub struct Incident {
    pub about: PracticeIncident,
    pub bundle: Bundle,
}

/// All of them, by name.
pub fn all() -> &'static [Incident] {
    &INCIDENTS
}

pub fn find(name: &str) -> Option<&'static Incident> {
    all().iter().find(|incident| incident.about.name == name)
}

static INCIDENTS: LazyLock<Vec<Incident>> = LazyLock::new(|| {
    RECORDED
        .iter()
        .filter_map(|(name, json, description)| {
            let bundle = serde_json::from_str::<Bundle>(json)
                .inspect_err(
                    |error| tracing::error!(name, %error, "a practice incident is unreadable"),
                )
                .ok()?;
            Some(Incident {
                about: PracticeIncident {
                    name: (*name).to_owned(),
                    title: bundle.title.clone(),
                    description: description.trim().to_owned(),
                },
                bundle,
            })
        })
        .collect()
});

/// Name, bundle, description: the files of `assets/practice/`.
static RECORDED: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/practice.rs"));

/// Sends what a run of these steps sent when it was recorded. The calls keep their numbers, so a
/// second replay writes the same rows again.
pub async fn replay(
    incident: &Incident,
    steps: &[Step],
    progress: &mpsc::Sender<Progress>,
    cancel: &CancellationToken,
) {
    let sending = async {
        for each in script(&incident.bundle, steps) {
            if matches!(each, Progress::CallEnded { .. }) {
                tokio::time::sleep(CALL).await;
            }
            if progress.send(each).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = cancel.cancelled() => {}
        () = sending => {}
    }
}

fn script(bundle: &Bundle, steps: &[Step]) -> Vec<Progress> {
    let mut script = Vec::new();
    let mut told = Vec::new();
    // What no call was needed for (the load balancer itself, an empty list) comes first.
    let given = |part: &&Part| source(part).is_empty() && !matches!(part, Part::StepEnded { .. });
    script.extend(
        bundle
            .parts
            .iter()
            .filter(given)
            .cloned()
            .map(Progress::Part),
    );
    for step in Step::ALL.into_iter().filter(|step| steps.contains(step)) {
        let Some(used) = used(bundle, step) else {
            continue;
        };
        script.push(Progress::StepStarted(step));
        for recorded in &bundle.observations {
            let observation = &recorded.observation;
            if !used.contains(&observation.n) || told.contains(&observation.n) {
                continue;
            }
            told.push(observation.n);
            script.push(Progress::CallStarted {
                n: observation.n,
                step: observation.step,
                service: observation.service.clone(),
                operation: observation.operation.clone(),
                region: observation.region.clone(),
            });
            script.push(Progress::CallEnded {
                observation: observation.clone(),
                asked: recorded.asked.clone(),
                answered: recorded.answered.clone(),
            });
        }
        let of_step = |part: &&Part| source(part).iter().any(|n| used.contains(n));
        script.extend(
            bundle
                .parts
                .iter()
                .filter(of_step)
                .cloned()
                .map(Progress::Part),
        );
        script.push(Progress::Part(Part::StepEnded {
            step,
            observations: used.to_vec(),
        }));
    }
    script
}

/// The calls that a step used, its own and shared; `None` if it was not run.
fn used(bundle: &Bundle, wanted: Step) -> Option<&[u32]> {
    bundle.parts.iter().find_map(|part| match part {
        Part::StepEnded { step, observations } if *step == wanted => Some(observations.as_slice()),
        _ => None,
    })
}

/// The calls that a part was read from.
fn source(part: &Part) -> &[u32] {
    match part {
        Part::LoadBalancer(_) | Part::StepEnded { .. } => &[],
        Part::Attributes(value) => value.source(),
        Part::Listeners(value) => value.source(),
        Part::TargetGroups(value) => value.source(),
        Part::TargetGroupAttributes { value, .. } => value.source(),
        Part::TargetHealth { value, .. } => value.source(),
        Part::Instances(value) => value.source(),
        Part::Certificates(value) => value.source(),
        Part::LambdaFunctions(value) => value.source(),
        Part::Subnets(value) => value.source(),
        Part::RouteTables(value) => value.source(),
        Part::SecurityGroups(value) => value.source(),
        Part::NetworkAcls(value) => value.source(),
        Part::NetworkInterfaces(value) => value.source(),
        Part::PrefixLists(value) => value.source(),
        Part::Metrics(value) | Part::TargetMetrics(value) => value.source(),
        Part::AccessLog(value) => Observed::source(value),
        Part::AppLog(value) => value.source(),
        Part::CloudTrail(value) | Part::AutoScaling(value) => value.source(),
        Part::Ecs(value) => value.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_incident_can_be_read() {
        assert_eq!(all().len(), RECORDED.len());
    }

    #[test]
    fn a_replay_of_all_steps_leads_to_the_recorded_diagnosis() {
        for incident in all() {
            let bundle = &incident.bundle;
            let start = bundle.observations[0].observation.at;
            let mut evidence =
                diagnosis::Evidence::new(bundle.load_balancer.clone(), bundle.window, start);
            for each in script(bundle, &Step::ALL) {
                match each {
                    Progress::CallEnded { observation, .. } => evidence.observe(observation),
                    Progress::Part(part) => evidence.absorb(part),
                    Progress::StepStarted(_) | Progress::CallStarted { .. } => {}
                }
            }
            assert_eq!(
                diagnosis::diagnose(&evidence),
                diagnosis::diagnose(&bundle.evidence()),
                "{}",
                incident.about.name
            );
        }
    }
}
