//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup (classic protocol).

use std::time::{Duration, Instant};

use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};

use super::groups::check_coordinator;
use crate::dispatch::Context;
use crate::group::{Applicant, Joined, Later, MAX_GROUPS, Synced};
use crate::wire::{code, maybe_text, text};

/// Session timeouts that a member may ask for, in milliseconds (`group.min/max.session.timeout.ms`).
const SESSION_MS: std::ops::RangeInclusive<i32> = 1_000..=1_800_000;

pub(crate) async fn join(
    context: &Context,
    request: JoinGroupRequest,
    version: i16,
) -> JoinGroupResponse {
    let outcome = match start(context, &request, version) {
        Err(error) => return refused_join(&request, error, version),
        Ok(Later::Now(place)) => place,
        Ok(Later::Wait(receiver)) => match receiver.await {
            Ok(place) => place,
            // Replaced by a second join of the same member, or put out.
            Err(_) => return refused_join(&request, code::UNKNOWN_MEMBER_ID, version),
        },
    };
    joined(outcome, version)
}

fn start(
    context: &Context,
    request: &JoinGroupRequest,
    version: i16,
) -> Result<Later<Joined>, i16> {
    let mut state = context.cluster.state();
    check_coordinator(&state, context.node, &request.group_id)?;
    if !SESSION_MS.contains(&request.session_timeout_ms) {
        return Err(code::INVALID_SESSION_TIMEOUT);
    }
    let id = request.group_id.to_string();
    if !state.groups.contains_key(&id) {
        if !request.member_id.is_empty() {
            return Err(code::UNKNOWN_MEMBER_ID);
        }
        if state.groups.len() >= MAX_GROUPS {
            return Err(code::GROUP_MAX_SIZE_REACHED);
        }
    }
    let group = state.groups.entry(id).or_default();
    let classic = group.classic().ok_or(code::INCONSISTENT_GROUP_PROTOCOL)?;
    let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let session = millis(request.session_timeout_ms);
    let applicant = Applicant {
        member_id: request.member_id.to_string(),
        instance_id: request.group_instance_id.as_ref().map(ToString::to_string),
        client_id: context.client_id.clone(),
        client_host: context.client_host.clone(),
        session,
        rebalance: if version >= 1 {
            millis(request.rebalance_timeout_ms)
        } else {
            session
        },
        protocol_type: request.protocol_type.to_string(),
        protocols: request
            .protocols
            .iter()
            .map(|protocol| {
                (
                    protocol.name.to_string(),
                    bytes::Bytes::copy_from_slice(&protocol.metadata),
                )
            })
            .collect(),
        must_know_id: version >= 4,
    };
    Ok(classic.join(applicant, Instant::now()))
}

fn joined(place: Joined, version: i16) -> JoinGroupResponse {
    let members = place.members.into_iter().map(|(id, instance, metadata)| {
        let member = JoinGroupResponseMember::default()
            .with_member_id(id.into())
            .with_metadata(metadata);
        if version >= 5 {
            member.with_group_instance_id(maybe_text(instance.as_deref()))
        } else {
            member
        }
    });
    let mut response = JoinGroupResponse::default()
        .with_error_code(place.error)
        .with_generation_id(place.generation)
        .with_leader(place.leader.into())
        .with_member_id(place.member_id.into())
        .with_members(members.collect());
    // Nullable from v7 on.
    response.protocol_name = if version >= 7 {
        maybe_text(place.protocol.as_deref())
    } else {
        Some(text(place.protocol.as_deref().unwrap_or_default()))
    };
    if version >= 7 {
        response.protocol_type = maybe_text(place.protocol_type.as_deref());
    }
    response
}

pub(super) fn refused_join(
    request: &JoinGroupRequest,
    error: i16,
    version: i16,
) -> JoinGroupResponse {
    joined(
        Joined {
            error,
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: String::new(),
            member_id: request.member_id.to_string(),
            members: Vec::new(),
        },
        version,
    )
}

pub(crate) async fn sync(
    context: &Context,
    request: SyncGroupRequest,
    version: i16,
) -> SyncGroupResponse {
    match start_sync(context, &request) {
        Err(error) => SyncGroupResponse::default().with_error_code(error),
        Ok(Later::Now(outcome)) => synced(outcome, version),
        Ok(Later::Wait(receiver)) => match receiver.await {
            Ok(outcome) => synced(outcome, version),
            Err(_) => SyncGroupResponse::default().with_error_code(code::UNKNOWN_MEMBER_ID),
        },
    }
}

fn start_sync(context: &Context, request: &SyncGroupRequest) -> Result<Later<Synced>, i16> {
    let mut state = context.cluster.state();
    check_coordinator(&state, context.node, &request.group_id)?;
    let group = state
        .groups
        .get_mut(request.group_id.as_str())
        .ok_or(code::UNKNOWN_MEMBER_ID)?;
    let classic = group.classic().ok_or(code::UNKNOWN_MEMBER_ID)?;
    let error = classic.check(
        &request.member_id,
        request.group_instance_id.as_deref(),
        request.generation_id,
    );
    if error != 0 {
        return Err(error);
    }
    let other = |asked: Option<&str>, own: Option<&str>| asked.is_some() && asked != own;
    if other(
        request.protocol_type.as_deref(),
        Some(&classic.protocol_type),
    ) || other(
        request.protocol_name.as_deref(),
        classic.protocol.as_deref(),
    ) {
        return Err(code::INCONSISTENT_GROUP_PROTOCOL);
    }
    let assignments = request.assignments.iter();
    let assignments = assignments
        .map(|one| {
            (
                one.member_id.to_string(),
                bytes::Bytes::copy_from_slice(&one.assignment),
            )
        })
        .collect();
    Ok(classic.sync(&request.member_id, assignments, Instant::now()))
}

fn synced(outcome: Synced, version: i16) -> SyncGroupResponse {
    let response = SyncGroupResponse::default()
        .with_error_code(outcome.error)
        .with_assignment(outcome.assignment);
    if version >= 5 {
        response
            .with_protocol_type(maybe_text(outcome.protocol_type.as_deref()))
            .with_protocol_name(maybe_text(outcome.protocol.as_deref()))
    } else {
        response
    }
}

pub(crate) fn heartbeat(
    context: &Context,
    request: &HeartbeatRequest,
    _: i16,
) -> HeartbeatResponse {
    let mut state = context.cluster.state();
    let beat = || {
        check_coordinator(&state, context.node, &request.group_id)?;
        let group = state
            .groups
            .get_mut(request.group_id.as_str())
            .ok_or(code::UNKNOWN_MEMBER_ID)?;
        let classic = group.classic().ok_or(code::UNKNOWN_MEMBER_ID)?;
        let instance = request.group_instance_id.as_deref();
        Ok(classic.heartbeat(
            &request.member_id,
            instance,
            request.generation_id,
            Instant::now(),
        ))
    };
    let mut beat = beat;
    HeartbeatResponse::default().with_error_code(beat().unwrap_or_else(|error: i16| error))
}

pub(crate) fn leave(
    context: &Context,
    request: &LeaveGroupRequest,
    version: i16,
) -> LeaveGroupResponse {
    let mut state = context.cluster.state();
    let response = LeaveGroupResponse::default();
    if let Err(error) = check_coordinator(&state, context.node, &request.group_id) {
        return response.with_error_code(error);
    }
    let mut classic = state
        .groups
        .get_mut(request.group_id.as_str())
        .and_then(|group| group.classic());
    let now = Instant::now();
    let mut out = |member: &str, instance: Option<&str>| match &mut classic {
        Some(classic) => classic.leave(member, instance, now),
        None => code::UNKNOWN_MEMBER_ID,
    };
    if version < 3 {
        return response.with_error_code(out(&request.member_id, None));
    }
    let rows = request.members.iter().map(|member| {
        MemberResponse::default()
            .with_member_id(member.member_id.clone())
            .with_group_instance_id(member.group_instance_id.clone())
            .with_error_code(out(&member.member_id, member.group_instance_id.as_deref()))
    });
    let rows = rows.collect();
    response.with_members(rows)
}

/// First step of a join from v4 on: the id that the coordinator hands out, empty if it does not.
pub(crate) fn member_id(context: &Context, request: &JoinGroupRequest, version: i16) -> String {
    match start(context, request, version) {
        Ok(Later::Now(place)) if place.error == code::MEMBER_ID_REQUIRED => place.member_id,
        _ => String::new(),
    }
}
