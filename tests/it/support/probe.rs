//! Tools that misbehave on purpose, and a server of them in this process.

use kafkaweave::clusters::Clusters;
use kafkaweave::dispatch::{Bounds, Dispatcher};
use kafkaweave::problem::Error;
use kafkaweave::server::Server;
use kafkaweave::surface::{Selection, Surface};
use kafkaweave::tool::{Answer, Context, Effect, Tool, ToolDef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Names under which tests watch their calls: (begun, ended in whatever way).
static CALLS: Mutex<BTreeMap<String, (u32, u32)>> = Mutex::new(BTreeMap::new());

/// How many calls named `key` have begun, and how many of those are over, finished or dropped.
pub(crate) fn calls(key: &str) -> (u32, u32) {
    let calls = CALLS.lock().expect("no panic holds it");
    calls.get(key).copied().unwrap_or_default()
}

/// Counts a call in, and out when it is dropped.
struct Guard(String);

impl Guard {
    fn new(key: &str) -> Self {
        CALLS
            .lock()
            .expect("no panic holds it")
            .entry(key.into())
            .or_default()
            .0 += 1;
        Self(key.into())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Ok(mut calls) = CALLS.lock() {
            calls.entry(self.0.clone()).or_default().1 += 1;
        }
    }
}

/// What to do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// Name to watch
    key: Option<String>,
    /// Amount
    count: Option<u32>,
}

/// Rows.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Rows {
    rows: Vec<String>,
    cut: bool,
}

impl Answer for Rows {
    fn text(&self) -> String {
        self.rows.join("\n")
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn keep(&mut self, count: usize) {
        self.rows.truncate(count);
        self.cut = true;
    }
}

fn rows(count: usize, row: &str) -> Rows {
    Rows {
        rows: vec![row.into(); count],
        cut: false,
    }
}

macro_rules! probes {
    ($($tool:ident $name:literal $effect:ident $run:ident;)*) => {
        $(
            /// A tool for tests.
            pub(crate) struct $tool;
            impl Tool for $tool {
                const NAME: &'static str = $name;
                const TITLE: &'static str = "Probe";
                const EFFECT: Effect = Effect::$effect;
                const TOOLSET: &'static str = "inspect";
                const CLUSTER: bool = false;
                type Input = Ask;
                type Output = Rows;
                fn description() -> &'static str {
                    "A tool for tests."
                }
                fn run(
                    cx: &Context,
                    input: Ask,
                ) -> impl Future<Output = Result<Rows, Error>> + Send {
                    $run(cx, input)
                }
            }
        )*
        /// All of them.
        pub(crate) static PROBES: &[ToolDef] = &[$(ToolDef::of::<$tool>()),*];
    };
}

probes! {
    Echo "kafka_test_echo" Read echo;
    Wait "kafka_test_wait" Read wait;
    Work "kafka_test_work" Read work;
    Panic "kafka_test_panic" Read fall;
    Big "kafka_test_big" Read big;
    Huge "kafka_test_huge" Read huge;
    Alter "kafka_test_alter" Write echo;
    Erase "kafka_test_erase" Destroy echo;
}

async fn echo(_cx: &Context, input: Ask) -> Result<Rows, Error> {
    let _guard = Guard::new(input.key.as_deref().unwrap_or("echo"));
    Ok(rows(1, input.key.as_deref().unwrap_or("echo")))
}

/// Waits for ever.
async fn wait(_cx: &Context, input: Ask) -> Result<Rows, Error> {
    let _guard = Guard::new(input.key.as_deref().unwrap_or("wait"));
    std::future::pending::<()>().await;
    Ok(rows(0, ""))
}

/// Works for ever in short turns, as a scan does.
async fn work(_cx: &Context, input: Ask) -> Result<Rows, Error> {
    let _guard = Guard::new(input.key.as_deref().unwrap_or("work"));
    loop {
        let end = std::time::Instant::now() + Duration::from_millis(1);
        while std::time::Instant::now() < end {
            std::hint::spin_loop();
        }
        tokio::task::yield_now().await;
    }
}

async fn fall(_cx: &Context, input: Ask) -> Result<Rows, Error> {
    let _guard = Guard::new(input.key.as_deref().unwrap_or("panic"));
    let key = input.key;
    panic!("the probe falls over {key:?}");
}

async fn big(_cx: &Context, input: Ask) -> Result<Rows, Error> {
    Ok(rows(
        input.count.unwrap_or(10_000) as usize,
        &"x".repeat(100),
    ))
}

async fn huge(_cx: &Context, input: Ask) -> Result<Rows, Error> {
    Ok(rows(
        1,
        &"x".repeat(input.count.unwrap_or(1_000_000) as usize),
    ))
}

/// A dispatcher over the probes.
pub(crate) fn dispatcher(bounds: Bounds, selection: &Selection) -> Arc<Dispatcher> {
    let surface = Surface::choose(PROBES, selection).expect("the probes exist");
    let clusters = Arc::new(Clusters::default());
    Arc::new(Dispatcher::new(Arc::new(surface), clusters, bounds))
}

/// A server of the probes.
pub(crate) fn server(bounds: Bounds) -> Server {
    Server::new(dispatcher(bounds, &Selection::default()), true)
}
