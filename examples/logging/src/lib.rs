//! What the log says when a page cannot read a response. Each binary is a small application with the logging that is
//! usual in its framework.

use cors_test::{Application, Page};

/// What happens to the application in an hour.
pub async fn an_hour<D>(app: &mut impl Application<D>) {
    let url = "https://api.example.com/users";
    let page = Page::at("https://app.example.com");
    chapter("a page that the policy lists");
    page.get(url).credentials().send(app).await;
    page.fetch("PUT", url).json("{}").send(app).await;

    chapter("the same page over plain http");
    Page::at("http://app.example.com").get(url).send(app).await;
    chapter("a preview with another name");
    Page::at("https://preview-7.example.com")
        .fetch("PUT", url)
        .json("{}")
        .send(app)
        .await;

    chapter("a method that the policy does not list");
    page.fetch("DELETE", url).send(app).await;
    chapter("a header that the policy does not list");
    page.get(url).header("X-Trace-Id", "1").send(app).await;

    chapter("the form of another site's page");
    Page::at("https://evil.example").submit(url).send(app).await;

    chapter("a client that sends many origins and paths");
    for number in 0..1000 {
        let page = Page::at(&format!("https://{number}.evil.example"));
        page.get(&format!("{url}/{number}")).send(app).await;
    }
}

/// A heading in the log.
fn chapter(title: &str) {
    tracing::info!("{title}");
}
