//! Groups in trouble beside groups that do well.

use super::super::CONSUMER_GROUPS;
use super::{client, evidence, fires, health, health_when, names, silent};
use crate::support::bed::{CommitPlan, GroupKind, RecordPlan, shared};
use serde_json::json;

fn records(count: i32) -> Vec<RecordPlan> {
    (0..count)
        .map(|n| RecordPlan::value(&format!("v{n}")).partition(0))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_group_with_a_backlog_is_named_and_one_without_is_not() {
    let bed = shared();
    let topic = bed.plant_topic("0-backlog", 1).unwrap();
    bed.produce(&topic, &records(7)).unwrap();
    let [behind, done] = ["behind", "done"].map(|stem| bed.name(&format!("0-{stem}")));
    bed.commit(&[
        CommitPlan::new(&behind).at(&topic, 0, 2),
        CommitPlan::new(&done).at(&topic, 0, 7),
    ])
    .unwrap();
    let client = client(&bed).await;
    let answer = health(&client).await;
    fires(&answer, "group_empty_with_lag", &[&behind], &[&done]);
    silent(&answer, "offsets_lost", &[&behind, &done]);
    // With a member it is not empty any more.
    let _member = bed.join(GroupKind::Consumer, &topic, &done, &[]).unwrap();
    silent(&health(&client).await, "group_empty_with_lag", &[&done]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_next_records_are_deleted_has_lost_them() {
    let bed = shared();
    let topic = bed.plant_topic("0-deleted", 1).unwrap();
    bed.produce(&topic, &records(9)).unwrap();
    let [late, quick] = ["late", "quick"].map(|stem| bed.name(&format!("0-{stem}")));
    bed.commit(&[
        CommitPlan::new(&late).at(&topic, 0, 2),
        CommitPlan::new(&quick).at(&topic, 0, 6),
    ])
    .unwrap();
    let client = client(&bed).await;
    silent(&health(&client).await, "offsets_lost", &[&late, &quick]);
    let file = std::env::temp_dir().join(bed.name("0-delete"));
    let plan = json!({"version": 1, "partitions": [{"topic": topic, "partition": 0, "offset": 5}]});
    std::fs::write(&file, plan.to_string()).unwrap();
    let path = file.to_str().unwrap();
    let class = "org.apache.kafka.tools.DeleteRecordsCommand";
    let said = bed.kafka(class, &["--offset-json-file", path]);
    std::fs::remove_file(&file).unwrap();
    said.unwrap();
    let answer = health_when(&client, |a| names(a, "offsets_lost", &late)).await;
    fires(&answer, "offsets_lost", &[&late], &[&quick]);
    let evidence = evidence(&answer, "offsets_lost");
    assert!(evidence.contains(&topic), "{evidence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_that_left_for_now_is_named_until_it_is_back() {
    let bed = shared();
    let topic = bed.plant_topic("0-static", 2).unwrap();
    let group = bed.name("0-static");
    let instance = |name: &'static str| [("group.instance.id", name)];
    let join = |name| {
        bed.join(GroupKind::Consumer, &topic, &group, &instance(name))
            .unwrap()
    };
    let _stays = join("stays");
    let goes = join("goes");
    let client = client(&bed).await;
    silent(&health(&client).await, "static_members_gone", &[&group]);
    // It leaves for now (member epoch -2), as in a restart: its partitions wait for it.
    goes.leave().unwrap();
    let said = bed
        .kafka(
            CONSUMER_GROUPS,
            &["--describe", "--group", &group, "--members", "--verbose"],
        )
        .unwrap();
    assert!(said.contains("goes"), "{said}");
    let answer = health_when(&client, |a| names(a, "static_members_gone", &group)).await;
    fires(&answer, "static_members_gone", &[&group], &[]);
    let evidence = evidence(&answer, "static_members_gone");
    assert!(
        evidence.contains("goes") && !evidence.contains("stays"),
        "{evidence}"
    );
    let _back = join("goes");
    health_when(&client, |a| !names(a, "static_members_gone", &group)).await;
}
