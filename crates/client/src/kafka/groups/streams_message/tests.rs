use super::*;
use bytes::{Bytes, BytesMut};

/// What a Kafka 4.3.1 broker answered (body, without header) about a running Kafka Streams
/// application with one member: two sub-topologies, joined by a repartition topic.
const ANSWER: &str = "\
    00000000020000000a672d73747265616d7307537461626c65000000030000000301000000000302\
    3002076f7264657273021d672d73747265616d732d636f756e74732d7265706172746974696f6e01\
    010002310101021b672d73747265616d732d636f756e74732d6368616e67656c6f6700000006ffff\
    030f636c65616e75702e706f6c69637908636f6d7061637400176d6573736167652e74696d657374\
    616d702e747970650b43726561746554696d650000021d672d73747265616d732d636f756e74732d\
    7265706172746974696f6e00000006ffff050f636c65616e75702e706f6c6963790764656c657465\
    00176d6573736167652e74696d657374616d702e747970650b43726561746554696d65000d726574\
    656e74696f6e2e6d73032d31000e7365676d656e742e627974657309353234323838303000000000\
    021769734f676a505445524665456e464c6145696c364c6700000003000047672d73747265616d73\
    2d37666564626134642d613966342d343637662d393664312d6361633865303835643034652d5374\
    7265616d5468726561642d312d636f6e73756d65720b2f3132372e302e302e310000000025376665\
    64626134642d613966342d343637662d393664312d636163386530383564303465ff010101030230\
    07000000000000000100000002000000030000000400000005000231070000000000000001000000\
    02000000030000000400000005000101000302300700000000000000010000000200000003000000\
    04000000050002310700000000000000010000000200000003000000040000000500010100000080\
    0000000000\
";

fn answer() -> Vec<u8> {
    ANSWER
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn texts(of: &[StrBytes]) -> Vec<&str> {
    of.iter().map(StrBytes::as_str).collect()
}

fn decode(bytes: Vec<u8>) -> anyhow::Result<StreamsGroupDescribeResponse> {
    let mut bytes = Bytes::from(bytes);
    let response = StreamsGroupDescribeResponse::decode(&mut bytes, 0)?;
    anyhow::ensure!(bytes.is_empty(), "{} bytes are left over", bytes.len());
    Ok(response)
}

#[test]
fn a_real_brokers_answer_is_read_to_its_last_byte() {
    let response = decode(answer()).unwrap();
    assert_eq!(response.groups.len(), 1);
    let group = &response.groups[0];
    assert_eq!(
        (group.error_code, group.error_message.as_deref()),
        (0, None)
    );
    assert_eq!(
        (group.group_id.as_str(), group.group_state.as_str()),
        ("g-streams", "Stable")
    );
    assert_eq!((group.group_epoch, group.assignment_epoch), (3, 3));
    let [first, second] = group.subtopologies.as_slice() else {
        panic!("{:?}", group.subtopologies)
    };
    assert_eq!(
        (
            first.subtopology_id.as_str(),
            second.subtopology_id.as_str()
        ),
        ("0", "1")
    );
    assert_eq!(texts(&first.source_topics), ["orders"]);
    assert!(second.source_topics.is_empty());
    assert_eq!(
        texts(&second.repartition_source_topics),
        ["g-streams-counts-repartition"]
    );
    assert_eq!(group.members.len(), 1);
    let member = &group.members[0];
    assert_eq!(
        (member.member_epoch, member.client_host.as_str()),
        (3, "/127.0.0.1")
    );
    assert!(member.client_id.ends_with("StreamThread-1-consumer"));
    assert_eq!(
        (member.instance_id.as_ref(), member.rack_id.as_ref()),
        (None, None)
    );
    assert!(!member.is_classic);
    let all: Vec<i32> = (0..6).collect();
    for (task, id) in member.assignment.active_tasks.iter().zip(["0", "1"]) {
        assert_eq!((task.subtopology_id.as_str(), &task.partitions), (id, &all));
    }
    assert!(member.assignment.standby_tasks.is_empty());
    assert_eq!(member.assignment, member.target_assignment);
}

#[test]
fn what_is_encoded_is_read_back() {
    let read = decode(answer()).unwrap();
    let mut bytes = BytesMut::new();
    read.encode(&mut bytes, 0).unwrap();
    assert_eq!(read.compute_size(0).unwrap(), bytes.len());
    assert_eq!(decode(bytes.to_vec()).unwrap(), read);
}

#[test]
fn the_request_is_what_a_broker_understands() {
    let request = StreamsGroupDescribeRequest {
        group_ids: vec![GroupId(StrBytes::from_static_str("g-streams"))],
        include_authorized_operations: false,
    };
    let mut bytes = BytesMut::new();
    request.encode(&mut bytes, 0).unwrap();
    assert_eq!(bytes.as_ref(), b"\x02\x0ag-streams\x00\x00");
    let mut bytes = bytes.freeze();
    assert_eq!(
        StreamsGroupDescribeRequest::decode(&mut bytes, 0).unwrap(),
        request
    );
    assert!(request.encode(&mut BytesMut::new(), 1).is_err());
}

#[test]
fn a_broken_answer_is_an_error_and_never_a_panic() {
    let whole = answer();
    for end in 0..whole.len() {
        assert!(decode(whole[..end].to_vec()).is_err(), "cut at {end}");
    }
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let _ = decode(bytes);
        }
    }
    // Four thousand million groups in no bytes.
    assert!(decode(vec![0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]).is_err());
}
