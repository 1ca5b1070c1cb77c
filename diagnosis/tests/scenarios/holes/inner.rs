//! Holes within a part: the call was answered, and something of what it should say is not there. Older
//! evidence that was stored before lb502 kept it, one group of several, what a second call would have
//! told of one item, a metric that was not asked for.

use std::collections::BTreeSet;

use diagnosis::{
    Evidence, Observed,
    evidence::{AppLog, access_log::base_rates::Counted},
};

use super::{How, set};

const THROTTLED: How<'static> = How::Failed("throttled");

/// Takes a hole's name, and what makes it.
type Holes<'a> = dyn FnMut(String, &dyn Fn(&mut Evidence)) + 'a;

/// The evidence once for each of them.
pub(super) fn all(whole: &Evidence) -> Vec<(String, Evidence)> {
    let mut holes = Vec::new();
    let mut hole = |name: String, punch: &dyn Fn(&mut Evidence)| {
        let mut evidence = whole.clone();
        punch(&mut evidence);
        if evidence != *whole {
            holes.push((name, evidence));
        }
    };
    for group in whole.target_health.keys() {
        hole(format!("target health of {group}"), &|evidence| {
            set(evidence.target_health.get_mut(group).unwrap(), THROTTLED);
        });
    }
    for group in whole.target_group_attributes.keys() {
        hole(format!("attributes of {group}"), &|evidence| {
            let all = &mut evidence.target_group_attributes;
            set(all.get_mut(group).unwrap(), THROTTLED);
        });
    }
    for answer in whole.answers.keys() {
        hole(format!("the answer to {answer}"), &|evidence| {
            evidence.answers.remove(answer);
        });
    }
    for step in whole.steps.keys() {
        hole(format!("the end of {step}"), &|evidence| {
            evidence.steps.remove(step);
        });
    }
    hole("rules of listeners".to_owned(), &|evidence| {
        each(&mut evidence.listeners, |listener| {
            listener.rules.clear();
            listener.gaps = gap();
        });
    });
    hole("ends of certificates".to_owned(), &|evidence| {
        each(&mut evidence.certificates, |certificate| {
            certificate.not_after = None;
            certificate.gap = gap().pop();
        });
    });
    hole("settings of functions".to_owned(), &|evidence| {
        each(&mut evidence.lambda_functions, |function| {
            function.timeout = None;
            function.reserved_concurrency = None;
            function.invoke_allowed = None;
            function.gap = gap().pop();
        });
    });
    hole("entries of prefix lists".to_owned(), &|evidence| {
        each(&mut evidence.prefix_lists, |list| {
            list.cidrs.clear();
            list.gap = gap().pop();
        });
    });
    hole("task definitions".to_owned(), &|evidence| {
        if let Observed::Seen { value, .. } = &mut evidence.ecs {
            for service in &mut value.services {
                service.stop_timeout = None;
            }
        }
        set(&mut evidence.ecs, How::Incomplete("task definitions"));
    });
    hole("a log group of the application".to_owned(), &|evidence| {
        if let Observed::Seen { value, .. } = &mut evidence.app_log {
            *value = AppLog::default();
        }
    });
    of_the_log(&mut hole);
    of_the_metrics(whole, &mut hole);
    holes
}

fn of_the_log(hole: &mut Holes<'_>) {
    hole("base rates of the log".to_owned(), &|evidence| {
        if let Observed::Seen { value, .. } = &mut evidence.access_log {
            value.base_rates = Default::default();
        }
    });
    hole("failing routes of the log".to_owned(), &|evidence| {
        if let Observed::Seen { value, .. } = &mut evidence.access_log {
            value.base_rates.routes.clear();
        }
    });
    hole("exact base rates of the log".to_owned(), &|evidence| {
        if let Observed::Seen { value, .. } = &mut evidence.access_log {
            for division in &mut value.base_rates.divisions {
                division.counted = Counted::AtMost;
            }
        }
    });
    hole("other codes of the log".to_owned(), &|evidence| {
        if let Observed::Seen { value, .. } = &mut evidence.access_log {
            value.other_codes.clear();
        }
    });
}

/// Each metric of the load balancer and its groups that was not asked for. Those of the targets are lost
/// all together, for each is nothing without the others.
fn of_the_metrics(whole: &Evidence, hole: &mut Holes<'_>) {
    let series = whole.metrics.seen().map_or(&[][..], |all| &all.series);
    let names: BTreeSet<&String> = series.iter().map(|series| &series.name).collect();
    for name in names {
        hole(format!("metric {name}"), &|evidence| {
            if let Observed::Seen { value, .. } = &mut evidence.metrics {
                value.series.retain(|series| series.name != *name);
            }
        });
    }
}

fn gap() -> Vec<String> {
    vec!["IAM denies it".to_owned()]
}

fn each<T>(observed: &mut Observed<Vec<T>>, change: impl Fn(&mut T)) {
    if let Observed::Seen { value, .. } = observed {
        value.iter_mut().for_each(change);
    }
}
