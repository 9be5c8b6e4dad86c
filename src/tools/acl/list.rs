//! kafka_acl_list: ACLs, as stored or as they apply to a name, a principal, an operation.
//!
//! One request; what applies is judged here, as Kafka's own filters know no implied operations and
//! no `User:*`.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{choose, word};
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_core::diagnose::access::{Decision, applies, decide};
use kafkaweave_core::model::{
    Acl, AclFilter, AclMatch, AclOperation, AclPattern, AclPermission, AclResource,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_acl_list.
pub struct ListAcls;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    principal: Option<String>,
    resource: Option<String>,
    name: Option<String>,
    /// match: all that apply, by *, prefix or User:* too; others: as stored
    pattern: Option<AclMatch>,
    operation: Option<String>,
    /// allow or deny
    permission: Option<String>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// ACLs that differ in the operation alone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    resource: AclResource,
    name: String,
    pattern: AclPattern,
    principal: String,
    host: String,
    permission: AclPermission,
    operations: Vec<AclOperation>,
}

/// ACLs of a page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    acls: Vec<Row>,
    /// False: the cluster has no authorizer, so everybody may do all.
    authorizer: bool,
    /// allowed, denied, by_host or not_allowed, where principal, operation, resource and name are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
    #[serde(flatten)]
    page: Page,
}

impl Tool for ListAcls {
    const NAME: &'static str = "kafka_acl_list";
    const TITLE: &'static str = "List ACLs";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "security";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "ACLs: who may do what, and what they decide."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let question = page::question(&input);
        let asked = Asked::read(&input)?;
        let acls = cx.cluster()?.engine()?.acls(&asked.filter()).await;
        let Some(mut acls) = authorized(acls)? else {
            return Ok(Output {
                acls: Vec::new(),
                authorizer: false,
                decision: None,
                page: Page::default(),
            });
        };
        if asked.pattern == AclMatch::Match {
            acls.retain(|acl| applies(acl, asked.principal.as_deref(), asked.operation));
        }
        let decision = asked.settles().then(|| said(decide(&acls)).to_owned());
        let limit = page::limit(input.limit, SHOWN);
        let (acls, page) = page::page(rows(acls), question, input.cursor.as_deref(), limit, name)?;
        Ok(Output {
            acls,
            authorizer: true,
            decision,
            page,
        })
    }
}

/// Entries of a page when nothing else is asked for.
const SHOWN: usize = 40;

/// Without an authorizer Kafka refuses the question, and that is an answer: `None`.
fn authorized(outcome: Result<Vec<Acl>, KafkaError>) -> Result<Option<Vec<Acl>>, KafkaError> {
    match outcome {
        Err(KafkaError::Broker { code_name, .. }) if code_name == "SECURITY_DISABLED" => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// The arguments, understood.
struct Asked {
    principal: Option<String>,
    resource: Option<AclResource>,
    name: Option<String>,
    pattern: AclMatch,
    operation: Option<AclOperation>,
    permission: Option<AclPermission>,
}

impl Asked {
    fn read(input: &Input) -> Result<Self, Error> {
        let chosen = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
        Ok(Self {
            principal: chosen(&input.principal).map(|p| {
                if p.contains(':') {
                    p
                } else {
                    format!("User:{p}")
                }
            }),
            resource: choose("resource", input.resource.as_deref(), &AclResource::KNOWN)?,
            name: chosen(&input.name),
            pattern: input.pattern.unwrap_or_default(),
            operation: choose(
                "operation",
                input.operation.as_deref(),
                &AclOperation::KNOWN,
            )?,
            permission: choose("permission", input.permission.as_deref(), &PERMISSIONS)?,
        })
    }

    fn filter(&self) -> AclFilter {
        let stored = self.pattern != AclMatch::Match;
        AclFilter {
            resource: self.resource,
            name: self.name.clone(),
            pattern: self.pattern,
            principal: self.principal.clone().filter(|_| stored),
            operation: self.operation.filter(|_| stored),
            permission: self.permission,
        }
    }

    /// Whether the ACLs that fit decide one thing.
    fn settles(&self) -> bool {
        let named = self.name.is_some() || self.resource == Some(AclResource::Cluster);
        self.pattern == AclMatch::Match
            && named
            && self.principal.is_some()
            && self.operation.is_some()
            && self.resource.is_some()
            && self.permission.is_none()
    }
}

const PERMISSIONS: [AclPermission; 2] = [AclPermission::Allow, AclPermission::Deny];

fn said(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::Denied => "denied",
        Decision::ByHost => "by_host",
        Decision::NotAllowed => "not_allowed",
    }
}

/// Sorted ACLs, those of one entry in one row.
fn rows(acls: Vec<Acl>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for acl in acls {
        let row = Row {
            resource: acl.resource,
            name: acl.name,
            pattern: acl.pattern,
            principal: acl.principal,
            host: acl.host,
            permission: acl.permission,
            operations: vec![acl.operation],
        };
        match rows.last_mut() {
            Some(last) if name(last) == name(&row) => last.operations.push(acl.operation),
            _ => rows.push(row),
        }
    }
    rows
}

/// What a row is, for cursors: no two rows are alike.
fn name(row: &Row) -> String {
    let Row {
        resource,
        name,
        pattern,
        principal,
        host,
        permission,
        ..
    } = row;
    format!("{resource:?} {pattern:?} {permission:?} {name:?} {principal:?} {host:?}")
}

const NO_ACLS: &str = "What super.users may do, and everybody by allow.everyone.if.no.acl.found, is set in the brokers' properties and is no ACL.";

impl Answer for Output {
    fn text(&self) -> String {
        if !self.authorizer {
            return "no ACLs: the cluster has no authorizer (SECURITY_DISABLED), so everybody who can connect may do all".into();
        }
        let mut text = match self.page.total {
            0 => "no ACLs fit".into(),
            1 => "1 entry of ACLs".into(),
            total => format!("{total} entries of ACLs"),
        };
        if let Some(decision) = &self.decision {
            let words = match decision.as_str() {
                "by_host" => "it depends on the client's address",
                "not_allowed" => "no ACL allows it",
                other => other,
            };
            text.push_str(&format!(": {words}"));
        }
        let mut table = Table::new([
            "resource",
            "name",
            "pattern",
            "principal",
            "host",
            "permission",
            "operations",
        ]);
        for row in &self.acls {
            let operations: Vec<String> = row.operations.iter().map(word).collect();
            let permission = word(&row.permission);
            table.row([
                word(&row.resource),
                row.name.clone(),
                word(&row.pattern),
                row.principal.clone(),
                row.host.clone(),
                if row.permission == AclPermission::Deny {
                    permission.to_uppercase()
                } else {
                    permission
                },
                operations.join(","),
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        if let Some(line) = self.page.line("entries") {
            text.push_str(&format!("\n{line}"));
        }
        text + "\n" + NO_ACLS
    }

    fn rows(&self) -> usize {
        self.acls.len()
    }

    fn keep(&mut self, count: usize) {
        self.acls.truncate(count);
        self.page.keep(&self.acls, name);
    }
}

#[cfg(test)]
mod tests;
