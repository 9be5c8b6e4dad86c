//! Health of a cluster, judged from one snapshot.
