//! ACLs. Any broker answers for the whole cluster: each holds all of them.
//!
//! One request, whatever the number of ACLs. A cluster without an authorizer refuses with
//! `SECURITY_DISABLED`.

use super::KafkaError;
use super::code::code;
use super::route::Router;
use kafka_protocol::messages::describe_acls_response::{AclDescription, DescribeAclsResource};
use kafka_protocol::messages::{DescribeAclsRequest, DescribeAclsResponse};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{
    Acl, AclFilter, AclMatch, AclOperation, AclPattern, AclPermission, AclResource,
};

/// Kafka's number for "whatever it is", the same for resources, patterns, operations, permissions.
const ANY: i8 = 1;

/// Permissions by Kafka's numbers, from 2 up.
const PERMISSIONS: [AclPermission; 2] = [AclPermission::Deny, AclPermission::Allow];

/// The number of what is asked for; [`ANY`] for nothing, 0 (Kafka's "unknown") for what has none.
fn number<T: PartialEq>(table: &[T], wanted: Option<T>) -> i8 {
    let Some(wanted) = wanted else { return ANY };
    table
        .iter()
        .position(|entry| *entry == wanted)
        .and_then(|at| i8::try_from(at + 2).ok())
        .unwrap_or(0)
}

/// What a number stands for.
fn named<T: Copy>(table: &[T], number: i8, unknown: T) -> T {
    usize::try_from(number)
        .ok()
        .and_then(|n| n.checked_sub(2))
        .and_then(|at| table.get(at).copied())
        .unwrap_or(unknown)
}

/// The request, the same in all versions.
pub(crate) fn describe(filter: &AclFilter, _version: i16) -> DescribeAclsRequest {
    let text = |text: &Option<String>| text.clone().map(StrBytes::from_string);
    // Without a name Kafka takes `MATCH` for a name that is missing.
    let pattern = match (&filter.name, filter.pattern) {
        (None, AclMatch::Match) | (_, AclMatch::Any) => ANY,
        (Some(_), AclMatch::Match) => 2,
        (_, AclMatch::Literal) => 3,
        (_, AclMatch::Prefixed) => 4,
    };
    DescribeAclsRequest::default()
        .with_resource_type_filter(number(&AclResource::KNOWN, filter.resource))
        .with_resource_name_filter(text(&filter.name))
        .with_pattern_type_filter(pattern)
        .with_principal_filter(text(&filter.principal))
        .with_host_filter(None)
        .with_operation(number(&AclOperation::KNOWN, filter.operation))
        .with_permission_type(number(&PERMISSIONS, filter.permission))
}

/// ACLs in order of resource, name, pattern, principal, host, permission, operation.
pub(crate) async fn acls(router: &Router, filter: &AclFilter) -> Result<Vec<Acl>, KafkaError> {
    let (answer, _) = router.ask(|version| describe(filter, version)).await?;
    read(&answer)
}

fn read(answer: &DescribeAclsResponse) -> Result<Vec<Acl>, KafkaError> {
    let text = answer.error_message.as_ref().map(StrBytes::as_str);
    if let Some(error) = code(answer.error_code, "DescribeAcls", "the cluster", text) {
        return Err(error);
    }
    let of = |resource: &DescribeAclsResource, acl: &AclDescription| Acl {
        resource: named(
            &AclResource::KNOWN,
            resource.resource_type,
            AclResource::Unknown,
        ),
        name: resource.resource_name.to_string(),
        pattern: match resource.pattern_type {
            3 => AclPattern::Literal,
            4 => AclPattern::Prefixed,
            _ => AclPattern::Unknown,
        },
        principal: acl.principal.to_string(),
        host: acl.host.to_string(),
        permission: named(&PERMISSIONS, acl.permission_type, AclPermission::Unknown),
        operation: named(&AclOperation::KNOWN, acl.operation, AclOperation::Unknown),
    };
    let resources = answer.resources.iter();
    let mut acls: Vec<_> = resources
        .flat_map(|resource| resource.acls.iter().map(move |acl| of(resource, acl)))
        .collect();
    acls.sort();
    Ok(acls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_number_is_asked_for_as_unknown_and_never_as_any() {
        assert_eq!(number(&AclResource::KNOWN, None), 1);
        assert_eq!(number(&AclResource::KNOWN, Some(AclResource::User)), 7);
        assert_eq!(number(&AclResource::KNOWN, Some(AclResource::Unknown)), 0);
        assert_eq!(
            number(&AclOperation::KNOWN, Some(AclOperation::TwoPhaseCommit)),
            15
        );
        assert_eq!(number(&PERMISSIONS, Some(AclPermission::Allow)), 3);
    }

    #[test]
    fn what_this_version_does_not_know_is_listed_as_unknown() {
        let acl = AclDescription::default()
            .with_principal("User:a".into())
            .with_host("*".into())
            .with_operation(99)
            .with_permission_type(-3);
        let resource = DescribeAclsResource::default()
            .with_resource_type(8)
            .with_pattern_type(5)
            .with_acls(vec![acl]);
        let answer = DescribeAclsResponse::default().with_resources(vec![resource]);
        let acls = read(&answer).unwrap();
        assert_eq!(
            (
                acls[0].resource,
                acls[0].pattern,
                acls[0].operation,
                acls[0].permission
            ),
            (
                AclResource::Unknown,
                AclPattern::Unknown,
                AclOperation::Unknown,
                AclPermission::Unknown
            )
        );
    }

    #[test]
    fn a_cluster_without_an_authorizer_is_no_empty_list() {
        let answer = DescribeAclsResponse::default()
            .with_error_code(54)
            .with_error_message(Some("No Authorizer is configured.".into()));
        let error = read(&answer).unwrap_err().to_string();
        assert_eq!(
            error,
            "DescribeAcls on the cluster: SECURITY_DISABLED (54): No Authorizer is configured."
        );
    }
}
