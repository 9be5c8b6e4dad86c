//! What no cluster of the tests can be made to answer, and how entries are joined.

use super::*;

fn acl(principal: &str, operation: AclOperation) -> Acl {
    Acl {
        resource: AclResource::Topic,
        name: "orders".into(),
        pattern: AclPattern::Literal,
        principal: principal.into(),
        host: "*".into(),
        permission: AclPermission::Allow,
        operation,
    }
}

#[test]
fn a_cluster_without_an_authorizer_is_told_with_what_it_means() {
    let refusal = |code, code_name: &str| KafkaError::Broker {
        operation: "DescribeAcls".into(),
        subject: "the cluster".into(),
        code,
        code_name: code_name.into(),
        detail: None,
    };
    assert_eq!(authorized(Err(refusal(54, "SECURITY_DISABLED"))), Ok(None));
    let other = refusal(-1, "UNKNOWN_SERVER_ERROR");
    assert_eq!(authorized(Err(other.clone())), Err(other));
    let output = Output {
        acls: vec![],
        authorizer: false,
        decision: None,
        page: Page::default(),
    };
    assert!(
        output
            .text()
            .contains("everybody who can connect may do all")
    );
}

#[test]
fn operations_of_one_entry_are_one_row() {
    let rows = rows(vec![
        acl("User:a", AclOperation::Read),
        acl("User:a", AclOperation::Describe),
        acl("User:b", AclOperation::Read),
    ]);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0].operations,
        [AclOperation::Read, AclOperation::Describe]
    );
}

#[test]
fn a_page_of_entries_costs_at_most_fifteen_hundred_tokens() {
    let acls: Vec<Acl> = (0..200)
        .map(|i| Acl {
            name: format!("payments.settlement-{i:04}"),
            ..acl(
                &format!("User:settlement-service-{}", i % 7),
                AclOperation::Read,
            )
        })
        .collect();
    let (acls, page) = page::page(rows(acls), 1, None, page::limit(None, SHOWN), name).unwrap();
    let output = Output {
        acls,
        authorizer: true,
        decision: None,
        page,
    };
    let text = output.text();
    let tokens = tiktoken_rs::o200k_base_singleton()
        .encode_ordinary(&text)
        .len();
    assert!(tokens <= 1_500, "{tokens}\n{text}");
    assert!(text.contains("showing"), "{text}");
}

#[test]
fn a_bare_name_is_a_user_and_one_question_alone_has_a_decision() {
    let input = |fields: serde_json::Value| serde_json::from_value::<Input>(fields).unwrap();
    let whole = serde_json::json!({
        "principal": "alice", "resource": "topic", "name": "t", "operation": "DescribeConfigs",
    });
    let asked = Asked::read(&input(whole.clone())).unwrap();
    assert_eq!(asked.principal.as_deref(), Some("User:alice"));
    assert_eq!(asked.operation, Some(AclOperation::DescribeConfigs));
    assert!(asked.settles());
    assert_eq!(asked.filter().principal, None);
    for left_out in ["principal", "resource", "name", "operation"] {
        let mut less = whole.clone();
        less.as_object_mut().unwrap().remove(left_out);
        assert!(!Asked::read(&input(less)).unwrap().settles(), "{left_out}");
    }
    let mut stored = whole;
    stored["pattern"] = "literal".into();
    let asked = Asked::read(&input(stored)).unwrap();
    assert!(!asked.settles());
    assert_eq!(asked.filter().principal.as_deref(), Some("User:alice"));
}
