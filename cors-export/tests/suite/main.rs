//! The files of each gateway: as they are for a policy, and whether the gateway accepts them for any policy.

mod nginx;
mod policies;
