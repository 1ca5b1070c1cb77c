//! Can A reach B, and which rule says so: security groups, network ACLs, routes.
