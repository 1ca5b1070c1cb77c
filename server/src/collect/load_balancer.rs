//! The load balancer itself, its attributes and its listeners.

use diagnosis::{
    Observed, Step,
    evidence::{Listener, LoadBalancerAttributes, Part},
};
use futures_util::{StreamExt, future::join_all, stream};

use super::{gather::Gather, gather::why, run::Run};
use crate::aws::Classic;

/// Listeners whose rules are read (an Application load balancer has 50 unless raised).
const LISTENERS: usize = 100;
const AT_ONCE: usize = 8;

impl Run {
    /// The load balancer as it is now: its state may have changed since it was found.
    pub(super) async fn current(&self, step: Step) -> &Observed<()> {
        let seen = self
            .cells
            .load_balancer
            .get(|| async {
                let found = if self.is_classic() {
                    self.classic(step)
                        .await
                        .clone()
                        .map(|found| found.map(|one| one.load_balancer))
                } else {
                    let arn = &self.load_balancer.arn;
                    self.aws.load_balancer(&self.recorder, step, arn).await
                };
                if let Some(Some(now)) = found.seen() {
                    self.part(Part::LoadBalancer(Box::new(now.clone()))).await;
                }
                found.map(|_| ())
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    /// Classic: one call tells the load balancer, its listeners, health check and instances.
    pub(super) async fn classic(&self, step: Step) -> &Observed<Option<Classic>> {
        self.cells
            .classic
            .get(|| async {
                let load_balancer = &self.load_balancer;
                self.aws
                    .classic(
                        &self.recorder,
                        step,
                        &load_balancer.name,
                        &load_balancer.account,
                    )
                    .await
            })
            .await
    }

    pub(super) async fn attributes(&self, step: Step) -> &Observed<LoadBalancerAttributes> {
        let seen = self
            .cells
            .attributes
            .get(|| async {
                let found = if self.is_classic() {
                    let name = &self.load_balancer.name;
                    self.aws
                        .classic_attributes(&self.recorder, step, name)
                        .await
                } else {
                    self.aws
                        .attributes(&self.recorder, step, &self.load_balancer.arn)
                        .await
                };
                self.part(Part::Attributes(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    /// Listeners with their rules and all their certificates.
    pub(super) async fn listeners(&self, step: Step) -> &Observed<Vec<Listener>> {
        let seen = self
            .cells
            .listeners
            .get(|| async {
                let found = if self.is_classic() {
                    self.classic_listeners(step).await
                } else {
                    self.application_listeners(step).await
                };
                self.part(Part::Listeners(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn application_listeners(&self, step: Step) -> Observed<Vec<Listener>> {
        let mut gather = Gather::new(self.started);
        let found = self
            .aws
            .listeners(&self.recorder, step, &self.load_balancer.arn)
            .await;
        let Some(listeners) = gather.take("listeners", found) else {
            return gather.finish(Vec::new());
        };
        let read: Vec<(Listener, Vec<u32>)> = stream::iter(listeners.into_iter().enumerate())
            .map(|(place, listener)| self.with_rules(step, place, listener))
            .buffered(AT_ONCE)
            .collect()
            .await;
        let listeners = read
            .into_iter()
            .map(|(listener, source)| {
                gather.cite(&source);
                listener
            })
            .collect();
        gather.finish(listeners)
    }

    async fn with_rules(
        &self,
        step: Step,
        place: usize,
        mut listener: Listener,
    ) -> (Listener, Vec<u32>) {
        if place >= LISTENERS {
            listener.gaps.push(format!(
                "rules: read for the first {LISTENERS} listeners only"
            ));
            return (listener, Vec::new());
        }
        let (rules, certificates) =
            tokio::join!(self.aws.rules(&self.recorder, step, &listener.arn), async {
                if listener.protocol == "HTTPS" {
                    let arn = &listener.arn;
                    self.aws
                        .listener_certificates(&self.recorder, step, arn)
                        .await
                } else {
                    Observed::NotAsked
                }
            });
        let mut source = rules.source().to_vec();
        source.extend(certificates.source());
        listener
            .gaps
            .extend(why(&rules).map(|why| format!("rules: {why}")));
        if !matches!(certificates, Observed::NotAsked) {
            listener
                .gaps
                .extend(why(&certificates).map(|why| format!("certificates: {why}")));
        }
        listener.rules = rules.seen().cloned().unwrap_or_default();
        for arn in certificates.seen().into_iter().flatten() {
            if !listener.certificate_arns.contains(arn) {
                listener.certificate_arns.push(arn.clone());
            }
        }
        (listener, source)
    }

    async fn classic_listeners(&self, step: Step) -> Observed<Vec<Listener>> {
        let mut gather = Gather::new(self.started);
        let found = gather
            .take("listeners", self.classic(step).await.clone())
            .flatten();
        let Some(Classic {
            mut listeners,
            policies,
            ..
        }) = found
        else {
            return gather.finish(Vec::new());
        };
        let secure = |listener: &Listener| matches!(listener.protocol.as_str(), "HTTPS" | "SSL");
        if listeners.iter().any(secure) {
            let name = &self.load_balancer.name;
            let known = self
                .aws
                .classic_tls_policies(&self.recorder, step, name)
                .await;
            gather.cite(known.source());
            for (listener, names) in listeners.iter_mut().zip(&policies) {
                if !secure(listener) {
                    continue;
                }
                listener
                    .gaps
                    .extend(why(&known).map(|why| format!("TLS policy: {why}")));
                listener.ssl_policy = known
                    .seen()
                    .into_iter()
                    .flatten()
                    .find(|(name, _)| names.contains(name))
                    .map(|(_, policy)| policy.clone());
            }
        }
        gather.finish(listeners)
    }
}

/// Runs `ask` for each, all together; the lanes of [`crate::aws`] bound how many at once.
pub(super) async fn each<T, A, F: Future<Output = A>>(
    items: impl IntoIterator<Item = T>,
    ask: impl Fn(T) -> F,
) -> Vec<A> {
    join_all(items.into_iter().map(ask)).await
}
