//! kafka_user_list: users with SCRAM credentials, the only ones that Kafka stores.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{count, missing_lines};
use kafkaweave_core::model::{Missing, ScramUser};
use kafkaweave_core::names::NameFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_user_list.
pub struct ListUsers;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Part, glob or /regex/
    pattern: Option<String>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One credential.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Credential {
    mechanism: String,
    iterations: i32,
}

/// One user.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    user: String,
    credentials: Vec<Credential>,
}

/// Users of a page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    users: Vec<Row>,
    #[serde(flatten)]
    page: Page,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for ListUsers {
    const NAME: &'static str = "kafka_user_list";
    const TITLE: &'static str = "List users";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "security";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Users with SCRAM credentials; users of other mechanisms are not stored in Kafka."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let filter = NameFilter::parse(input.pattern.as_deref())?;
        let mut missing = Vec::new();
        let mut users = cx
            .cluster()?
            .engine()?
            .users()
            .await?
            .into_value(&mut missing);
        users.retain(|user| filter.matches(&user.user));
        let (users, page) = page::page(
            users,
            page::question(&input),
            input.cursor.as_deref(),
            page::limit(input.limit, 50),
            |user| user.user.clone(),
        )?;
        Ok(Output {
            users: users.into_iter().map(row).collect(),
            page,
            missing,
        })
    }
}

fn row(user: ScramUser) -> Row {
    let credential = |c: kafkaweave_core::model::ScramCredential| Credential {
        mechanism: c.mechanism,
        iterations: c.iterations,
    };
    Row {
        user: user.user,
        credentials: user.credentials.into_iter().map(credential).collect(),
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        let found = match self.page.total {
            0 => "no users".into(),
            total => count(total, "user"),
        };
        let mut text = format!(
            "{found} with SCRAM credentials (users of PLAIN, OAUTHBEARER, Kerberos and TLS are not stored in Kafka)"
        );
        let mut table = Table::new(["user", "mechanisms"]);
        for row in &self.users {
            let credentials: Vec<String> = row
                .credentials
                .iter()
                .map(|c| format!("{} ({} iterations)", c.mechanism, c.iterations))
                .collect();
            table.row([row.user.clone(), credentials.join(", ")]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        if let Some(line) = self.page.line("users") {
            text.push_str(&format!("\n{line}"));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.users.len()
    }

    fn keep(&mut self, count: usize) {
        self.users.truncate(count);
        self.page.keep(&self.users, |row| row.user.clone());
    }
}
