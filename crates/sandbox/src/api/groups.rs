//! FindCoordinator, ListGroups, DescribeGroups, DeleteGroups.

use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    BrokerId, DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest,
    DescribeGroupsResponse, FindCoordinatorRequest, FindCoordinatorResponse, ListGroupsRequest,
    ListGroupsResponse,
};

use super::{GROUP_OPERATIONS, NO_OPERATIONS};
use crate::cluster::{Node, State};
use crate::dispatch::Context;
use crate::group::{Classic, Membership};
use crate::wire::{code, group_id, maybe_text, text};

const GROUP_KEY: i8 = 0;

/// Checks that this node coordinates a group.
pub(super) fn check_coordinator(state: &State, node: i32, group: &str) -> Result<(), i16> {
    if group.is_empty() {
        return Err(code::INVALID_GROUP_ID);
    }
    match state.coordinator(group) {
        None => Err(code::COORDINATOR_NOT_AVAILABLE),
        Some(coordinator) if coordinator != node => Err(code::NOT_COORDINATOR),
        Some(_) => Ok(()),
    }
}

pub(crate) fn find_coordinator(
    context: &Context,
    request: &FindCoordinatorRequest,
    version: i16,
) -> FindCoordinatorResponse {
    let state = context.cluster.state();
    let lookup = |key: &str| -> Result<&Node, (i16, &'static str)> {
        if request.key_type != GROUP_KEY {
            return Err((
                code::INVALID_REQUEST,
                "The sandbox coordinates consumer groups only.",
            ));
        }
        let id = state.coordinator(key).ok_or((
            code::COORDINATOR_NOT_AVAILABLE,
            "The coordinator is not available.",
        ))?;
        context.cluster.node(id).ok_or((
            code::COORDINATOR_NOT_AVAILABLE,
            "The coordinator is not available.",
        ))
    };
    let place = |node: &Node| {
        (
            BrokerId(node.id),
            text(&node.address.ip().to_string()),
            i32::from(node.address.port()),
        )
    };
    if version >= 4 {
        let rows = request.coordinator_keys.iter().map(|key| {
            let row = Coordinator::default().with_key(key.clone());
            match lookup(key) {
                Ok(node) => {
                    let (id, host, port) = place(node);
                    row.with_node_id(id).with_host(host).with_port(port)
                }
                Err((error, why)) => row
                    .with_node_id(BrokerId(-1))
                    .with_port(-1)
                    .with_error_code(error)
                    .with_error_message(Some(text(why))),
            }
        });
        return FindCoordinatorResponse::default().with_coordinators(rows.collect());
    }
    let response = FindCoordinatorResponse::default();
    match lookup(&request.key) {
        Ok(node) => {
            let (id, host, port) = place(node);
            response.with_node_id(id).with_host(host).with_port(port)
        }
        Err((error, why)) => {
            let response = response
                .with_node_id(BrokerId(-1))
                .with_port(-1)
                .with_error_code(error);
            if version >= 1 {
                response.with_error_message(Some(text(why)))
            } else {
                response
            }
        }
    }
}

pub(crate) fn list(
    context: &Context,
    request: &ListGroupsRequest,
    version: i16,
) -> ListGroupsResponse {
    let state = context.cluster.state();
    let passes = |filter: &[kafka_protocol::protocol::StrBytes], value: &str| {
        filter.is_empty()
            || filter
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(value))
    };
    let groups = state
        .groups
        .iter()
        .filter(|(id, _)| state.coordinator(id) == Some(context.node))
        .filter(|(_, group)| {
            passes(&request.states_filter, group.state())
                && passes(&request.types_filter, group.kind())
        })
        .map(|(id, group)| {
            let mut row = ListedGroup::default()
                .with_group_id(group_id(id))
                .with_protocol_type(text(group.protocol_type()));
            if version >= 4 {
                row = row.with_group_state(text(group.state()));
            }
            if version >= 5 {
                row = row.with_group_type(text(group.kind()));
            }
            row
        });
    ListGroupsResponse::default().with_groups(groups.collect())
}

pub(crate) fn describe(
    context: &Context,
    request: &DescribeGroupsRequest,
    version: i16,
) -> DescribeGroupsResponse {
    let state = context.cluster.state();
    let groups = request.groups.iter().map(|id| {
        let row = DescribedGroup::default().with_group_id(id.clone());
        if let Err(error) = check_coordinator(&state, context.node, id) {
            return row.with_error_code(error);
        }
        match state.groups.get(id.as_str()).map(|group| &group.membership) {
            Some(Membership::Classic(classic)) => {
                let row = described(row, classic, version);
                if version >= 3 {
                    row.with_authorized_operations(if request.include_authorized_operations {
                        GROUP_OPERATIONS
                    } else {
                        NO_OPERATIONS
                    })
                } else {
                    row
                }
            }
            known => {
                let row = row.with_group_state(text("Dead"));
                if version < 6 {
                    return row; // older clients read "Dead" as not found
                }
                let why = if known.is_some() {
                    "is not a classic group."
                } else {
                    "not found."
                };
                row.with_error_code(code::GROUP_ID_NOT_FOUND)
                    .with_error_message(Some(text(&format!("Group {} {why}", id.as_str()))))
            }
        }
    });
    DescribeGroupsResponse::default().with_groups(groups.collect())
}

fn described(row: DescribedGroup, classic: &Classic, version: i16) -> DescribedGroup {
    let stable = classic.state.name() == "Stable";
    let protocol = classic
        .protocol
        .as_deref()
        .filter(|_| stable)
        .unwrap_or_default();
    let members = classic.members.values().map(|member| {
        let mut row = DescribedGroupMember::default()
            .with_member_id(text(&member.id))
            .with_client_id(text(&member.client_id))
            .with_client_host(text(&member.client_host));
        if version >= 4 {
            row = row.with_group_instance_id(maybe_text(member.instance_id.as_deref()));
        }
        if stable {
            row = row
                .with_member_metadata(member.metadata(protocol))
                .with_member_assignment(member.assignment.clone());
        }
        row
    });
    let members = members.collect();
    row.with_group_state(text(classic.state.name()))
        .with_protocol_type(text(&classic.protocol_type))
        .with_protocol_data(text(protocol))
        .with_members(members)
}

pub(crate) fn delete(
    context: &Context,
    request: &DeleteGroupsRequest,
    _: i16,
) -> DeleteGroupsResponse {
    let mut state = context.cluster.state();
    let mut response = DeleteGroupsResponse::default();
    for id in &request.groups_names {
        let error = match check_coordinator(&state, context.node, id) {
            Err(error) => error,
            Ok(()) => match state.groups.get(id.as_str()) {
                None => code::GROUP_ID_NOT_FOUND,
                Some(group) if !group.is_empty() => code::NON_EMPTY_GROUP,
                Some(_) => {
                    state.groups.remove(id.as_str());
                    0
                }
            },
        };
        response.results.push(
            DeletableGroupResult::default()
                .with_group_id(id.clone())
                .with_error_code(error),
        );
    }
    response
}
