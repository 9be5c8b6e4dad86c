//! Which ACLs apply to a question, and what they make of it, by the rules of Kafka's own authorizer.
//!
//! ACLs alone: super users and `allow.everyone.if.no.acl.found` are settings of brokers, which are
//! not looked at here. Another authorizer may judge otherwise.

use crate::model::{Acl, AclOperation, AclPermission};

/// The principal that stands for everybody.
pub const EVERYBODY: &str = "User:*";

/// The host that stands for every address.
const EVERYWHERE: &str = "*";

/// Whether an ACL applies to this principal and operation. A permission also applies where it
/// implies the operation (who may read may describe); a denial does not.
pub fn applies(acl: &Acl, principal: Option<&str>, operation: Option<AclOperation>) -> bool {
    principal.is_none_or(|p| acl.principal == p || acl.principal == EVERYBODY)
        && operation.is_none_or(|wanted| covers(acl, wanted))
}

fn covers(acl: &Acl, wanted: AclOperation) -> bool {
    use AclOperation::{All, Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
    if acl.operation == All || acl.operation == wanted {
        return true;
    }
    let implied = match wanted {
        Describe => matches!(acl.operation, Read | Write | Delete | Alter),
        DescribeConfigs => acl.operation == AlterConfigs,
        _ => false,
    };
    implied && acl.permission == AclPermission::Allow
}

/// What ACLs say to one operation of one principal on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Denied from everywhere.
    Denied,
    /// Allowed from everywhere.
    Allowed,
    /// Allowed or denied from some addresses only.
    ByHost,
    /// No ACL allows it.
    NotAllowed,
}

/// Judges ACLs that all apply (see [`applies`]) and match the resource. A denial wins.
pub fn decide<'a>(applying: impl IntoIterator<Item = &'a Acl>) -> Decision {
    let (mut allowed, mut denied, mut somewhere, mut strange) = (false, false, false, false);
    for acl in applying {
        let everywhere = acl.host == EVERYWHERE;
        match acl.permission {
            AclPermission::Deny if everywhere => denied = true,
            AclPermission::Allow if everywhere => allowed = true,
            AclPermission::Deny => strange = true,
            AclPermission::Allow => somewhere = true,
            AclPermission::Unknown => {}
        }
    }
    match (denied, allowed, somewhere) {
        (true, ..) => Decision::Denied,
        (_, true, _) if !strange => Decision::Allowed,
        (_, true, _) | (_, _, true) => Decision::ByHost,
        _ => Decision::NotAllowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AclPattern, AclResource};

    fn acl(principal: &str, host: &str, allow: bool, operation: AclOperation) -> Acl {
        Acl {
            resource: AclResource::Topic,
            name: "orders".into(),
            pattern: AclPattern::Literal,
            principal: principal.into(),
            host: host.into(),
            permission: if allow {
                AclPermission::Allow
            } else {
                AclPermission::Deny
            },
            operation,
        }
    }

    #[test]
    fn a_permission_implies_lesser_operations_and_a_denial_does_not() {
        use AclOperation::{All, AlterConfigs, Describe, DescribeConfigs, Read, Write};
        for (allow, stored, wanted, expected) in [
            (true, Read, Describe, true),
            (false, Read, Describe, false),
            (true, AlterConfigs, DescribeConfigs, true),
            (false, AlterConfigs, DescribeConfigs, false),
            (true, Describe, Read, false),
            (true, Read, Write, false),
            (true, All, Write, true),
            (false, All, Describe, true),
            (false, Write, Write, true),
        ] {
            let stored = acl("User:a", "*", allow, stored);
            let found = applies(&stored, Some("User:a"), Some(wanted));
            assert_eq!(found, expected, "{stored:?} {wanted:?}");
        }
    }

    #[test]
    fn everybody_is_also_this_principal() {
        let one = acl("User:*", "*", true, AclOperation::Read);
        assert!(applies(&one, Some("User:a"), None));
        let other = acl("User:b", "*", true, AclOperation::Read);
        assert!(!applies(&other, Some("User:a"), None));
        assert!(applies(&other, None, None));
    }

    #[test]
    fn a_denial_wins_and_hosts_are_not_forgotten() {
        let of = |host, allow| acl("User:a", host, allow, AclOperation::Read);
        for (acls, decision) in [
            (vec![], Decision::NotAllowed),
            (vec![of("*", true)], Decision::Allowed),
            (vec![of("*", true), of("*", false)], Decision::Denied),
            (vec![of("10.0.0.1", true)], Decision::ByHost),
            (vec![of("10.0.0.1", false)], Decision::NotAllowed),
            (vec![of("*", true), of("10.0.0.1", false)], Decision::ByHost),
            (vec![of("10.0.0.1", true), of("*", false)], Decision::Denied),
        ] {
            assert_eq!(decide(&acls), decision, "{acls:?}");
        }
    }
}
