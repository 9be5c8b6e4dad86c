//! The layout of a digest, written and read.

use super::bytes::{Reader, Writer};
use super::{
    BUCKETS, Digest, DigestError, MOST_DIRS, MOST_FINDINGS, MOST_GROUPS, MOST_MOVING,
    MOST_STATIC_MEMBERS, NAME_BYTES, Progress, StaticMember, VERSION,
};
use std::collections::BTreeMap;

/// All but the checksum.
pub(super) fn write(digest: &Digest) -> Vec<u8> {
    let mut out = Writer(vec![VERSION]);
    out.number(u64::from(digest.cluster.is_some()));
    out.hash(digest.cluster.unwrap_or_default());
    out.number(digest.taken_ms);
    out.number(digest.unseen);
    out.number(digest.findings.len() as u64);
    for (code, (severity, extent)) in &digest.findings {
        out.number(u64::from(*code));
        out.number(u64::from(*severity));
        out.number(*extent);
    }
    out.maybe(digest.quorum_epoch);
    out.maybe(digest.leader_epochs);
    out.number(digest.highest_epochs.len() as u64);
    for epoch in &digest.highest_epochs {
        out.number(*epoch);
    }
    out.number(digest.used_bytes.len() as u64);
    for ((broker, path), used) in &digest.used_bytes {
        out.number(*broker);
        out.hash(*path);
        out.number(*used);
    }
    out.number(digest.rebalancing.len() as u64);
    for (group, seconds) in &digest.rebalancing {
        out.hash(*group);
        out.number(*seconds);
    }
    out.number(digest.static_members.len() as u64);
    for member in &digest.static_members {
        out.hash(member.group);
        out.hash(member.id);
        out.name(&member.name);
    }
    write_progress(&mut out, &digest.progress);
    write_progress(&mut out, &digest.moving);
    out.0
}

fn write_progress(out: &mut Writer, progress: &BTreeMap<u32, Progress>) {
    out.number(progress.len() as u64);
    for (name, progress) in progress {
        out.hash(*name);
        out.maybe(progress.sum);
        out.number(progress.unchanged_s);
    }
}

/// A digest from all but its checksum; what is left over is damage.
pub(super) fn read(body: &[u8]) -> Result<Digest, DigestError> {
    let (version, rest) = body.split_first().ok_or(DigestError::Damaged)?;
    if *version != VERSION {
        return Err(DigestError::Version { found: *version });
    }
    let mut input = Reader(rest);
    let known = input.number()? != 0;
    let cluster = Some(input.hash()?).filter(|_| known);
    let taken_ms = input.number()?;
    let unseen = input.number()?;
    let findings = input.list(MOST_FINDINGS, |input| {
        let code = small(input.number()?)?;
        Ok((code, (small(input.number()?)?, input.number()?)))
    })?;
    let quorum_epoch = input.maybe()?;
    let leader_epochs = input.maybe()?;
    let highest_epochs = input.list(BUCKETS as usize, |input| input.number())?;
    let used_bytes = input.list(MOST_DIRS, |input| {
        Ok(((input.number()?, input.hash()?), input.number()?))
    })?;
    let rebalancing = input.list(MOST_GROUPS, |input| Ok((input.hash()?, input.number()?)))?;
    let static_members = input.list(MOST_STATIC_MEMBERS, |input| {
        Ok(StaticMember {
            group: input.hash()?,
            id: input.hash()?,
            name: input.name(NAME_BYTES)?,
        })
    })?;
    let progress = read_progress(&mut input, MOST_GROUPS)?;
    let moving = read_progress(&mut input, MOST_MOVING)?;
    if !input.0.is_empty() {
        return Err(DigestError::Damaged);
    }
    Ok(Digest {
        cluster,
        taken_ms,
        unseen,
        findings: findings.into_iter().collect(),
        quorum_epoch,
        leader_epochs,
        highest_epochs,
        used_bytes: used_bytes.into_iter().collect(),
        rebalancing: rebalancing.into_iter().collect(),
        static_members,
        progress,
        moving,
    })
}

fn read_progress(
    input: &mut Reader<'_>,
    most: usize,
) -> Result<BTreeMap<u32, Progress>, DigestError> {
    let list = input.list(most, |input| {
        let name = input.hash()?;
        let sum = input.maybe()?;
        let unchanged_s = input.number()?;
        Ok((name, Progress { sum, unchanged_s }))
    })?;
    Ok(list.into_iter().collect())
}

fn small(number: u64) -> Result<u8, DigestError> {
    u8::try_from(number).map_err(|_| DigestError::Damaged)
}
