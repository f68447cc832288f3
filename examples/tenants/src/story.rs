//! All of it on a private Postgres: each step, and what a page can do after it on both replicas.

use std::env;
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cors_matrix::postgres::Cluster;
use cors_postgres::MIGRATION;
use cors_postgres::sqlx::{self, Connection as _, PgConnection};
use cors_test::{Page, Remote, Seen};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// The service, as pages know it. Their requests go to the replicas.
const SERVICE: &str = "https://api.example.com";
const TOKEN: &str = "the-token-of-the-admin";
/// A step that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(60);

/// Tells the story. What it started has ended when this returns: also if a step fails, and after Ctrl-C.
pub(crate) async fn run(with_logs: bool) -> Result {
    tokio::select! {
        // First, so that signals are noticed from here on.
        biased;
        () = crate::stopped() => Err("stopped, the replicas and Postgres too".into()),
        result = tell(with_logs) => result,
    }
}

async fn tell(with_logs: bool) -> Result {
    let Some(mut cluster) = Cluster::start()? else {
        return Err("Postgres is not installed: on Debian, `apt-get install postgresql`".into());
    };
    println!("The service {SERVICE}: two replicas in front of a private Postgres.");
    println!("Times begin when a change is sent to the admin's endpoint or to the database.");
    // The replicas have a user of their own, without more rights than they need.
    sql(&cluster, "create role replica login").await?;
    let url = cluster.url().replacen("//postgres@", "//replica@", 1);
    let mut replicas = Replicas([
        Replica::start("axum", &url, with_logs)?,
        Replica::start("actix", &url, with_logs)?,
    ]);

    let acme = Visit::new("https://app.acme.example", "/tenants/acme/orders");
    let globex = Visit::new("https://www.globex.example", "/tenants/globex/orders");
    // Pages of the service itself need no CORS.
    let health = Visit::new(SERVICE, "/healthz");
    let metrics = Visit::new(SERVICE, "/metrics");

    let reads = |line| Expect::Reads(200, line);
    let blocked = Expect::Blocked;

    step("1. Two replicas start. The database does not have the table yet.");
    let unready = Expect::Reads(503, "the table of origins has not been read yet");
    replicas.now(&health, unready).await;

    step("2. The migration creates the table. The replicas are ready, and allow no origin.");
    let grant = "grant select, insert, delete on cors_origins to replica";
    let change = sql(&cluster, &format!("{MIGRATION}; {grant}")).await?;
    replicas.soon(change, &health, reads("ready")).await;
    replicas.now(&acme, blocked).await;

    step("3. Two origins are registered, each at another replica. Both replicas allow both.");
    let change = replicas
        .admin("axum", "PUT", "acme", acme.origin, 200)
        .await;
    replicas
        .soon(change, &acme, reads("the orders of acme"))
        .await;
    let change = replicas
        .admin("actix", "PUT", "globex", globex.origin, 200)
        .await;
    replicas
        .soon(change, &globex, reads("the orders of globex"))
        .await;

    step("4. A page of acme uses the admin's endpoint, and asks for another tenant's data.");
    let admin = Visit {
        method: "PUT",
        path: "/admin/origins?tenant=globex&origin=https://app.acme.example",
        ..acme
    };
    replicas.now(&admin, blocked).await;
    let other = Visit {
        path: globex.path,
        ..acme
    };
    replicas.now(&other, blocked).await;

    step("5. The admin registers an origin that is not valid. Nothing is written.");
    replicas
        .admin("axum", "PUT", "acme", "http://app.acme.example", 400)
        .await;
    replicas
        .admin("actix", "PUT", "acme", "https://*.acme.example", 400)
        .await;

    step("6. The origin of acme is revoked. No replica allows it.");
    let change = replicas
        .admin("actix", "DELETE", "acme", acme.origin, 200)
        .await;
    replicas.soon(change, &acme, blocked).await;

    step("7. The database is killed. The replicas serve what they know.");
    // From here on no replica can connect: step 9 decides when it can.
    sql(&cluster, "alter role replica nologin").await?;
    let change = Instant::now();
    cluster.kill()?;
    replicas
        .soon(change, &metrics, reads("cors_origins_connected 0"))
        .await;
    replicas.now(&globex, reads("the orders of globex")).await;
    replicas.now(&acme, blocked).await;
    replicas.now(&health, reads("ready")).await;
    replicas
        .admin("axum", "PUT", "acme", acme.origin, 503)
        .await;

    step("8. The database runs again, but not for the replicas. The origin of globex changes.");
    cluster.start_again()?;
    let moved = Visit {
        origin: "https://shop.globex.example",
        ..globex
    };
    let update = format!(
        "update cors_origins set origin = '{}' where key = 'globex'",
        moved.origin
    );
    println!("  SQL: {update}");
    sql(&cluster, &update).await?;
    replicas.now(&globex, reads("the orders of globex")).await;
    replicas.now(&moved, blocked).await;

    step("9. The replicas may connect again. They catch up.");
    let change = sql(&cluster, "alter role replica login").await?;
    replicas
        .soon(change, &moved, reads("the orders of globex"))
        .await;
    replicas.now(&globex, blocked).await;
    replicas
        .soon(change, &metrics, reads("cors_origins_connected 1"))
        .await;
    replicas.print_metrics(&metrics).await;

    drop(replicas);
    drop(cluster);
    step("The replicas and Postgres are stopped, and their folder is removed.");
    Ok(())
}

fn step(what: &str) {
    println!("\n{what}");
}

/// Runs statements as the superuser, in one transaction. Returns when they were sent.
async fn sql(cluster: &Cluster, statements: &str) -> Result<Instant> {
    let mut connection = PgConnection::connect(&cluster.url()).await?;
    let sent = Instant::now();
    sqlx::raw_sql(statements).execute(&mut connection).await?;
    connection.close().await?;
    Ok(sent)
}

/// A page of an origin asks for a path of the service.
#[derive(Clone, Copy)]
struct Visit {
    origin: &'static str,
    method: &'static str,
    path: &'static str,
}

#[derive(Clone, Copy)]
enum Expect {
    /// The page reads this status, and a body that has this line.
    Reads(u16, &'static str),
    /// The browser does not let the page read the response.
    Blocked,
}

impl Visit {
    fn new(origin: &'static str, path: &'static str) -> Self {
        Self {
            origin,
            method: "GET",
            path,
        }
    }

    fn print(&self) {
        println!("  A page of {}: {} {}", self.origin, self.method, self.path);
    }

    async fn send(&self, replica: &mut Replica) -> Seen {
        // A new page, so that its browser has cached nothing.
        let page = Page::at(self.origin);
        let request = page.fetch(self.method, &format!("{SERVICE}{}", self.path));
        // With this header, browsers send a preflight first.
        let request = request.header("Authorization", "Bearer a-user-of-the-tenant");
        request.send(&mut replica.server).await
    }
}

impl Expect {
    fn is_met(self, seen: &Seen) -> bool {
        match self {
            // The text is empty if the page may not read it.
            Self::Reads(_, line) => seen.text().lines().any(|found| found == line),
            Self::Blocked => seen.text().is_empty(),
        }
    }

    /// What is printed. Panics with everything that was sent, if it is not met.
    fn check(self, seen: &Seen) -> String {
        match self {
            Self::Reads(status, line) => {
                seen.status(status);
                assert!(self.is_met(seen), "`{line}` is missing:\n{}", seen.text());
                format!("{status} {line}")
            }
            Self::Blocked => {
                seen.assert_blocked();
                let text = seen.to_string();
                let line = text.lines().find(|line| line.starts_with("blocked: "));
                line.unwrap_or_default().to_owned()
            }
        }
    }
}

struct Replicas([Replica; 2]);

impl Replicas {
    /// What a page sees at this moment, on both replicas.
    async fn now(&mut self, visit: &Visit, expect: Expect) {
        visit.print();
        for replica in &mut self.0 {
            let seen = visit.send(replica).await;
            println!("    {:5}  {}", replica.name, expect.check(&seen));
        }
    }

    /// What a page sees some time after a change, on both replicas.
    async fn soon(&mut self, change: Instant, visit: &Visit, expect: Expect) {
        visit.print();
        let mut met = [None, None];
        while met.contains(&None) {
            for (replica, met) in self.0.iter_mut().zip(&mut met) {
                if met.is_some() {
                    continue;
                }
                let seen = visit.send(replica).await;
                let time = change.elapsed();
                if expect.is_met(&seen) || time > LIMIT {
                    let ms = time.as_millis();
                    *met = Some(format!("after {ms} ms: {}", expect.check(&seen)));
                }
            }
            // Here Ctrl-C is noticed.
            tokio::task::yield_now().await;
        }
        for (replica, met) in self.0.iter().zip(met) {
            println!("    {:5}  {}", replica.name, met.unwrap_or_default());
        }
    }

    /// All metrics of one replica.
    async fn print_metrics(&mut self, metrics: &Visit) {
        let [replica, _] = &mut self.0;
        println!("  All metrics of {}", replica.name);
        for line in metrics.send(replica).await.text().lines() {
            println!("    {line}");
        }
    }

    /// The admin changes an origin of a tenant, at one replica: on a page of the service itself, which needs no CORS.
    async fn admin(
        &mut self,
        name: &str,
        method: &str,
        tenant: &str,
        origin: &str,
        status: u16,
    ) -> Instant {
        let path = format!("/admin/origins?tenant={tenant}&origin={origin}");
        println!("  The admin, at {name}: {method} {path}");
        let page = Page::at(SERVICE);
        let request = page
            .fetch(method, &format!("{SERVICE}{path}"))
            .header("Authorization", &format!("Bearer {TOKEN}"));
        let [axum, actix] = &mut self.0;
        let replica = if axum.name == name { axum } else { actix };
        let sent = Instant::now();
        let seen = request.send(&mut replica.server).await;
        seen.status(status);
        println!("    {:5}  {status} {}", name, seen.text().trim_end());
        sent
    }
}

/// One of the servers. It ends when this is dropped, or when this thread ends in another way.
struct Replica {
    name: &'static str,
    server: Remote,
    _process: Process,
}

impl Replica {
    fn start(name: &'static str, database: &str, with_logs: bool) -> Result<Self> {
        let log = match with_logs {
            true => Stdio::inherit(),
            false => Stdio::null(),
        };
        let process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(env::current_exe()?)
            .arg(name)
            .env("DATABASE_URL", database)
            .env("ADMIN_TOKEN", TOKEN)
            // The system chooses the port.
            .env("LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut process = Process(process);
        let mut line = String::new();
        if let Some(output) = process.0.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        match line.trim_end().strip_prefix("listening on ") {
            Some(address) => Ok(Self {
                name,
                server: Remote::at(address),
                _process: process,
            }),
            None => Err(format!("{name} does not start: `story --log` says why").into()),
        }
    }
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
