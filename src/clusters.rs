//! The configured clusters and their engines, by name.
//!
//! Making this connects to nothing; an engine connects when a call first needs it.

use crate::engines::connect;
use crate::problem::Error;
use crate::sampling::{Sampler, Sampling};
use indexmap::IndexMap;
use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_client::profile::Profile;
use kafkaweave_core::near::near;
use std::sync::Arc;

/// One configured cluster.
pub struct Cluster {
    /// How to reach it.
    pub profile: Profile,
    /// Whether it is the in-memory sandbox; answers then say so.
    pub sandbox: bool,
    engine: Result<Arc<dyn Engine>, KafkaError>,
    sampler: Sampler,
}

impl Cluster {
    /// A cluster with the engine that its profile asks for.
    pub fn new(profile: Profile, sandbox: bool) -> Self {
        let engine = connect(&profile);
        Self {
            sampler: Sampler::new(&profile, None),
            profile,
            sandbox,
            engine,
        }
    }

    /// The same with looks at its groups between calls.
    #[must_use]
    pub fn sampled(mut self, sampling: Option<Sampling>) -> Self {
        self.sampler = Sampler::new(&self.profile, sampling);
        self
    }

    /// The same with another engine.
    #[must_use]
    pub fn with_engine(mut self, engine: Arc<dyn Engine>) -> Self {
        self.engine = Ok(engine);
        self
    }

    /// What was seen of its groups before.
    pub(crate) fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    /// Its engine.
    ///
    /// # Errors
    /// What is wrong with the profile.
    pub fn engine(&self) -> Result<&dyn Engine, Error> {
        self.engine.as_deref().map_err(|e| Error::Kafka(e.clone()))
    }
}

/// All configured clusters.
#[derive(Default)]
pub struct Clusters {
    by_name: IndexMap<String, Arc<Cluster>>,
    default: Option<String>,
}

impl Clusters {
    /// Clusters in the order given; `default` is used by calls that name none.
    pub fn new(clusters: impl IntoIterator<Item = Cluster>, default: Option<String>) -> Self {
        let by_name = clusters
            .into_iter()
            .map(|c| (c.profile.name.clone(), Arc::new(c)))
            .collect();
        Self { by_name, default }
    }

    /// In configured order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Cluster>> {
        self.by_name.values()
    }

    /// Name used by calls that name none.
    pub fn default_name(&self) -> Option<&str> {
        match (&self.default, self.by_name.len()) {
            (Some(name), _) => Some(name),
            (None, 1) => self.by_name.keys().next().map(String::as_str),
            (None, _) => None,
        }
    }

    /// The named cluster, or the default one.
    ///
    /// # Errors
    /// [`Error::Cluster`] when there is none of that name, or none is named and there is no default.
    pub fn find(&self, name: Option<&str>) -> Result<Arc<Cluster>, Error> {
        let known = || self.by_name.keys().cloned().collect::<Vec<_>>();
        let Some(name) = name.or_else(|| self.default_name()) else {
            let reason = if self.by_name.is_empty() {
                "no cluster is configured; start with --bootstrap host:port or --config FILE"
            } else {
                "argument `cluster` is needed, as several clusters are configured"
            };
            return Err(Error::Cluster {
                reason: reason.into(),
                known: known(),
            });
        };
        self.by_name.get(name).cloned().ok_or_else(|| {
            let nearest = near(name, self.by_name.keys().map(String::as_str), 1);
            let nearest = nearest
                .first()
                .map(|n| format!("; nearest: `{n}`"))
                .unwrap_or_default();
            Error::Cluster {
                reason: format!("cluster `{name}` is not configured{nearest}"),
                known: known(),
            }
        })
    }
}
