//! Every offered API at every version it has: encoded, understood, answered, decoded to the last byte.

mod cluster;
mod groups;
mod records;
mod topics;

use kafka_protocol::messages::*;
use kafka_protocol::protocol::Request;

use crate::client::Bed;

/// Asks at every version that ApiVersions announces, with a request made for the version.
async fn each<R: Request>(
    bed: &Bed,
    node: i32,
    make: impl Fn(i16) -> R,
    check: impl Fn(R::Response, i16),
) {
    let offers = bed
        .node(1)
        .await
        .call(&ApiVersionsRequest::default(), 0)
        .await
        .api_keys;
    let offer = offers.iter().find(|offer| offer.api_key == R::KEY).unwrap();
    // Produce 0 to 2 are announced for librdkafka's sake only.
    let min = if R::KEY == ProduceRequest::KEY {
        3
    } else {
        offer.min_version
    };
    assert_eq!(min, R::VERSIONS.min, "API {}", R::KEY);
    let mut wire = bed.node(node).await;
    for version in min..=offer.max_version {
        check(wire.call(&make(version), version).await, version);
    }
}

#[tokio::test]
async fn api_versions_and_the_step_down_from_an_unknown_version() {
    let bed = Bed::empty().await;
    let make = |version| {
        let request = ApiVersionsRequest::default();
        if version < 3 {
            return request;
        }
        request
            .with_client_software_name("raw".into())
            .with_client_software_version("1".into())
    };
    each(&bed, 1, make, |response, version| {
        assert_eq!(response.error_code, 0);
        assert_eq!(response.api_keys.len(), 32);
        assert!(
            response
                .api_keys
                .iter()
                .all(|api| !matches!(api.api_key, 17 | 36)),
            "plaintext only"
        );
        assert_eq!(version >= 3, !response.finalized_features.is_empty());
    })
    .await;
    // Version 5 does not exist: the answer comes in version 0, with error 35.
    let mut wire = bed.node(1).await;
    let mut frame = bytes::BytesMut::new();
    bytes::BufMut::put_slice(
        &mut frame,
        b"\0\0\0\x0c\0\x12\0\x05\0\0\0\x07\xff\xff\0\x01",
    );
    tokio::io::AsyncWriteExt::write_all(&mut wire.stream, &frame)
        .await
        .unwrap();
    let mut answer = wire.frame().await.unwrap();
    assert_eq!(bytes::Buf::get_i32(&mut answer), 7);
    let response =
        <ApiVersionsResponse as kafka_protocol::protocol::Decodable>::decode(&mut answer, 0)
            .unwrap();
    assert_eq!(
        (response.error_code, response.api_keys.len(), answer.len()),
        (35, 32, 0)
    );
}
