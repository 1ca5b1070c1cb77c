//! The certificates that the listeners serve.

use std::collections::BTreeMap;

use diagnosis::{
    Observed, Step,
    evidence::{Certificate, Part},
};

use super::{
    gather::{Gather, why},
    load_balancer::each,
    run::Run,
};

/// An Application load balancer has 25 unless raised, and a default one for each listener.
const CERTIFICATES: usize = 200;

impl Run {
    pub(super) async fn certificates(&self, step: Step) -> &Observed<Vec<Certificate>> {
        let seen = self
            .cells
            .certificates
            .get(|| async {
                let found = self.fetch_certificates(step).await;
                self.part(Part::Certificates(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_certificates(&self, step: Step) -> Observed<Vec<Certificate>> {
        let mut gather = Gather::new(self.started);
        let listeners = gather.rest_on("listeners", self.listeners(step).await);
        let mut served: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for listener in listeners.into_iter().flatten() {
            for arn in listener.certificate_arns {
                served.entry(arn).or_default().push(listener.arn.clone());
            }
        }
        if served.len() > CERTIFICATES {
            gather.gap(format!(
                "certificates: the first {CERTIFICATES} of {} were read",
                served.len()
            ));
        }
        let read = each(
            served.into_iter().take(CERTIFICATES),
            |(arn, listener_arns)| async move {
                let observed = if arn.contains(":server-certificate/") {
                    self.aws.iam_certificate(&self.recorder, step, &arn).await
                } else {
                    self.aws.acm_certificate(&self.recorder, step, &arn).await
                };
                let source = observed.source().to_vec();
                let certificate = Certificate {
                    arn,
                    listener_arns,
                    gap: why(&observed),
                    ..observed.seen().cloned().unwrap_or_default()
                };
                (certificate, source)
            },
        );
        let mut certificates = Vec::new();
        for (certificate, source) in read.await {
            gather.cite(&source);
            certificates.push(certificate);
        }
        gather.finish(certificates)
    }
}
