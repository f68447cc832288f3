//! What both replicas have in common. Nothing here depends on a web framework.

use std::env;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::time::Duration;

// `cors_actix` has the same types.
use cors_axum::{ConfigErrors, LoadOptions, OriginSet, Policy};
use cors_postgres::sqlx::postgres::PgPoolOptions;
use cors_postgres::sqlx::{self, PgPool};
use cors_postgres::{Follow, Follower};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

/// The tenants' origins: in memory for requests, in the table for changes.
pub(crate) struct Tenants {
    customers: OriginSet,
    /// The set follows the table as long as this lives.
    follower: Follower,
    database: PgPool,
    admin_token: String,
}

/// A tenant, as it is in the path of a request, and one of its origins.
#[derive(Deserialize)]
pub(crate) struct Registration {
    tenant: String,
    origin: String,
}

/// A response, for any framework.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) header: (&'static str, &'static str),
    pub(crate) text: String,
}

impl Tenants {
    /// Begins to follow the table. The database may be away: then the set is filled later.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let url = variable("DATABASE_URL")?;
        let customers = OriginSet::new();
        Ok(Self {
            follower: Follow::url(&url)?.start(&customers)?,
            customers,
            // For the changes. The follower has a connection of its own.
            database: PgPoolOptions::new()
                .max_connections(2)
                .acquire_timeout(Duration::from_secs(3))
                .connect_lazy(&url)?,
            admin_token: variable("ADMIN_TOKEN")?,
        })
    }

    /// The policy, which asks the set for each request.
    pub(crate) fn policy(&self) -> Result<Policy, ConfigErrors> {
        LoadOptions::default()
            .origin_set("customers", &self.customers)
            .from_toml(include_str!("../cors.toml"))
    }

    /// Adds an origin to the table. From there it comes to the sets of all replicas, this one included.
    pub(crate) async fn register(&self, token: Option<&[u8]>, new: &Registration) -> Answer {
        if !self.is_admin(token) {
            return Answer::unauthorized();
        }
        let Registration { tenant, origin } = new;
        // The replicas would leave a wrong row out, and only their logs would say why.
        if let Err(error) = OriginSet::new().insert_for(tenant, origin) {
            return Answer::new(400, error);
        }
        let insert =
            "insert into cors_origins (key, origin) values ($1, $2) on conflict do nothing";
        let inserted = sqlx::query(insert).bind(tenant).bind(origin);
        match inserted.execute(&self.database).await {
            Ok(_) => Answer::new(200, format!("`{origin}` is registered for `{tenant}`")),
            Err(error) => Answer::not_written(&error),
        }
    }

    /// Removes an origin from the table.
    pub(crate) async fn revoke(&self, token: Option<&[u8]>, old: &Registration) -> Answer {
        if !self.is_admin(token) {
            return Answer::unauthorized();
        }
        let Registration { tenant, origin } = old;
        let delete = "delete from cors_origins where key = $1 and origin = $2";
        let deleted = sqlx::query(delete).bind(tenant).bind(origin);
        match deleted.execute(&self.database).await {
            Ok(rows) if rows.rows_affected() == 0 => {
                Answer::new(404, format!("`{tenant}` does not have `{origin}`"))
            }
            Ok(_) => Answer::new(200, format!("`{origin}` is revoked for `{tenant}`")),
            Err(error) => Answer::not_written(&error),
        }
    }

    /// Whether this replica may get requests: as soon as it knows the origins. It stays ready without the database,
    /// because it needs none to respond.
    pub(crate) fn health(&self) -> Answer {
        match self.customers.is_filled() {
            true => Answer::new(200, "ready"),
            false => Answer::new(503, "the table of origins has not been read yet"),
        }
    }

    /// The state of the set, in the text format of Prometheus.
    pub(crate) fn metrics(&self) -> Answer {
        let status = self.follower.status();
        let is_connected = status.connected_since.is_some();
        let mut text = String::new();
        let mut gauge = |name, help, value: &dyn fmt::Display| {
            // Writing to a `String` does not fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
            let _ = writeln!(text, "{name} {value}");
        };
        gauge("cors_origins", "Origins in the set.", &self.customers.len());
        gauge(
            "cors_origins_connected",
            "Whether the set follows the table now.",
            &u8::from(is_connected),
        );
        gauge(
            "cors_origins_bad_rows",
            "Rows of the table that are left out, because they are not valid.",
            &status.bad_rows,
        );
        if let Some(age) = status.age() {
            gauge(
                "cors_origins_age_seconds",
                "How long ago the set was known to have all of the table. Up to 10 while it follows.",
                &age.as_secs_f64(),
            );
        }
        if let Some(error) = status.last_error {
            let name = "cors_origins_last_error";
            let help = "The last error of the connection: 1 while it lasts, 0 when it is over.";
            let label = error.text.replace('\\', "\\\\").replace('"', "\\\"");
            let label = label.replace('\n', "\\n");
            let value = u8::from(!is_connected);
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
            let _ = writeln!(text, "{name}{{error=\"{label}\"}} {value}");
        }
        Answer {
            status: 200,
            header: ("content-type", "text/plain; version=0.0.4"),
            text,
        }
    }

    /// Whether the value of `Authorization` is the admin's token.
    fn is_admin(&self, authorization: Option<&[u8]>) -> bool {
        let expected = format!("Bearer {}", self.admin_token);
        // The time that this takes does not depend on how much of a wrong token is right.
        authorization.is_some_and(|given| given.ct_eq(expected.as_bytes()).into())
    }
}

impl Answer {
    fn new(status: u16, text: impl fmt::Display) -> Self {
        Self {
            status,
            header: ("content-type", "text/plain; charset=utf-8"),
            text: format!("{text}\n"),
        }
    }

    fn unauthorized() -> Self {
        Self {
            header: ("www-authenticate", "Bearer"),
            ..Self::new(401, "this needs the token of the admin")
        }
    }

    fn not_written(error: &sqlx::Error) -> Self {
        let is_rejected = |error: &dyn sqlx::error::DatabaseError| error.is_check_violation();
        match error.as_database_error().is_some_and(is_rejected) {
            true => Self::new(400, error),
            false => Self::new(
                503,
                format!("the database did not confirm the change, try again: {error}"),
            ),
        }
    }
}

/// An environment variable that must have a value.
pub(crate) fn variable(name: &str) -> Result<String, String> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(format!("the environment variable {name} is not set")),
    }
}
