//! Every call passes here: find, conform, pick the cluster, bound, run, cut, audit.
//!
//! Both the protocol server and the command line call [`Dispatcher::call`]; nothing else runs a
//! tool. It knows no transport.

use crate::arguments;
use crate::clusters::Clusters;
use crate::problem::{Error, Problem};
use crate::schema::CLUSTER;
use crate::surface::Surface;
use crate::tool::{Context, JsonObject, Reply, ToolDef};
use futures::FutureExt;
use kafkaweave_core::model::ScanProgress;
use kafkaweave_core::near::near;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Bounds on calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest time of a call.
    pub call_timeout: Duration,
    /// Calls that run at once; more wait, for at most half of their time.
    pub concurrent_calls: usize,
    /// Largest answer, text and data together, bytes.
    pub answer_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(30),
            concurrent_calls: 16,
            answer_bytes: 60 * 1024,
        }
    }
}

/// Runs tools.
pub struct Dispatcher {
    surface: Arc<Surface>,
    clusters: Arc<Clusters>,
    bounds: Bounds,
    slots: Semaphore,
}

impl Dispatcher {
    /// A dispatcher over the offered tools and configured clusters.
    pub fn new(surface: Arc<Surface>, clusters: Arc<Clusters>, bounds: Bounds) -> Self {
        Self {
            surface,
            clusters,
            bounds,
            slots: Semaphore::new(bounds.concurrent_calls),
        }
    }

    /// The tools of this process.
    pub fn surface(&self) -> &Surface {
        &self.surface
    }

    /// The configured clusters.
    pub fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    /// Runs one call to its end, its deadline or its cancellation, whichever comes first. Dropping
    /// the future stops the work too.
    ///
    /// # Errors
    /// Any [`Error`], as a fact; [`Problem`] turns it into words.
    pub async fn call(
        &self,
        name: &str,
        arguments: JsonObject,
        cancel: CancellationToken,
    ) -> Result<Reply, Error> {
        self.watched(name, arguments, cancel, Arc::default()).await
    }

    /// As [`Dispatcher::call`]; long reads tell `progress` how far they have come.
    ///
    /// # Errors
    /// Those of [`Dispatcher::call`].
    pub async fn watched(
        &self,
        name: &str,
        arguments: JsonObject,
        cancel: CancellationToken,
        progress: Arc<ScanProgress>,
    ) -> Result<Reply, Error> {
        let mut audit = Audit::begin(name);
        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Error::Cancelled),
            result = self.bounded(name, arguments, progress, &mut audit.cluster) => result,
        };
        audit.end(match &result {
            Ok(_) => "ok",
            Err(error) => Problem::from(error).code,
        });
        result
    }

    async fn bounded(
        &self,
        name: &str,
        arguments: JsonObject,
        progress: Arc<ScanProgress>,
        audit_cluster: &mut String,
    ) -> Result<Reply, Error> {
        let deadline = Instant::now() + self.bounds.call_timeout;
        let tool = self.find(name)?;
        let (context, arguments) = self.prepare(tool, arguments, progress, deadline)?;
        if let Some(cluster) = &context.cluster {
            audit_cluster.clone_from(&cluster.profile.name);
        }
        // Calls before this one end at their deadlines, which are earlier than this one's: waiting to
        // the end would give it a slot and no time.
        let patience = deadline
            .checked_sub(self.bounds.call_timeout / 2)
            .unwrap_or(deadline);
        let _slot = tokio::time::timeout_at(patience, self.slots.acquire())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(Error::Busy {
                running: self.bounds.concurrent_calls,
            })?;
        let run = AssertUnwindSafe((tool.call)(&context, arguments, self.bounds.answer_bytes))
            .catch_unwind();
        match tokio::time::timeout_at(deadline, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(_panic)) => Err(Error::Panicked),
            Err(_) => Err(Error::Deadline {
                after_ms: millis(self.bounds.call_timeout),
            }),
        }
    }

    fn find(&self, name: &str) -> Result<&'static ToolDef, Error> {
        if let Some(tool) = self.surface.find(name) {
            return Ok(tool);
        }
        let off = self
            .surface
            .off()
            .iter()
            .find(|(tool, _)| tool.name == name);
        let reason = off.map_or_else(
            || "does not exist".into(),
            |(_, why)| format!("is off: {why}"),
        );
        let near = near(name, self.surface.on().iter().map(|t| t.name), 3);
        Err(Error::Tool {
            name: shorten(name),
            reason,
            near: near.into_iter().map(String::from).collect(),
        })
    }

    fn prepare(
        &self,
        tool: &ToolDef,
        arguments: JsonObject,
        progress: Arc<ScanProgress>,
        deadline: Instant,
    ) -> Result<(Context, JsonObject), Error> {
        let mut arguments = arguments::conform(&(tool.input_schema)(), arguments)?;
        let named = if tool.cluster {
            arguments.remove(CLUSTER)
        } else {
            None
        };
        let cluster = if tool.cluster {
            Some(
                self.clusters
                    .find(named.as_ref().and_then(|n| n.as_str()))?,
            )
        } else {
            None
        };
        // What can answer in part ends before the hard bound, so that the part is told.
        let margin = (self.bounds.call_timeout / 10).min(Duration::from_secs(1));
        let context = Context {
            cluster,
            clusters: Arc::clone(&self.clusters),
            surface: Arc::clone(&self.surface),
            deadline: deadline.checked_sub(margin).unwrap_or(deadline),
            now_ms: now_ms(),
            progress,
        };
        Ok((context, arguments))
    }
}

/// One line for each call, also for one whose caller went away in the middle. Names and times only:
/// arguments and answers may hold payloads.
struct Audit {
    tool: String,
    cluster: String,
    begun: Instant,
    outcome: &'static str,
}

impl Audit {
    fn begin(tool: &str) -> Self {
        Self {
            tool: shorten(tool),
            cluster: String::new(),
            begun: Instant::now(),
            outcome: "abandoned",
        }
    }

    fn end(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        tracing::info!(
            target: "audit",
            tool = self.tool.as_str(),
            cluster = self.cluster.as_str(),
            outcome = self.outcome,
            ms = millis(self.begun.elapsed()),
        );
    }
}

/// A name as given, short enough and plain enough for a log line.
fn shorten(name: &str) -> String {
    name.chars()
        .take(64)
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Wall clock, epoch ms.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
