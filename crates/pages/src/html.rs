//! What all pages have: the frame around their text, and how text gets into them.

/// The one script: the form of its page goes off.
pub(crate) const SUBMIT: &str = "document.forms[0].submit()";

/// The one style sheet.
pub(crate) const STYLE: &str = "\
body{font:1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:4rem auto;\
padding:0 1rem;color:#1b1b1b;background:#fff}h1{font-size:1.4rem}code{background:#eee;\
padding:.1em .3em;border-radius:.2em;overflow-wrap:anywhere}button,.button{font:inherit;\
padding:.5em 1.2em}.button{display:inline-block;border:1px solid;border-radius:.3em;\
text-decoration:none}dt{font-weight:600}dd{margin:0 0 .6em}@media(prefers-color-scheme:dark)\
{body{color:#eee;background:#1b1b1b}code{background:#333}a{color:#9cf}}";

/// A whole page; `title` is our own text, `body` HTML.
pub(crate) fn page(title: &str, body: &str) -> String {
    page_with(title, "", body)
}

/// As [`page`], with a second style sheet behind [`STYLE`]; empty = none.
pub(crate) fn page_with(title: &str, style: &str, body: &str) -> String {
    let second = match style {
        "" => String::new(),
        style => format!("<style>{style}</style>"),
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style>{second}\
         </head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )
}

/// What a person tells the help desk: the code, and the ID by which the log has the rest.
pub(crate) fn for_help_desk(code: &str, request_id: &str) -> String {
    format!(
        "<dl><dt>Reason</dt><dd><code>{}</code></dd>\
         <dt>Request ID</dt><dd><code>{}</code></dd></dl>",
        escape(code),
        escape(request_id)
    )
}

/// Foreign text, safe between tags and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_whole_document() {
        assert_eq!(
            page("A title", "<p>x</p>").replace(STYLE, "…"),
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <meta name=\"robots\" content=\"noindex\"><title>A title</title><style>…</style></head>\
             <body><main><h1>A title</h1><p>x</p></main></body></html>\n"
        );
    }

    #[test]
    fn text_never_becomes_markup() {
        assert_eq!(
            escape("<a href=\"x\" b='y'>&amp;\u{e9}"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;\u{e9}"
        );
        assert_eq!(
            for_help_desk("<code>", "\"id\""),
            "<dl><dt>Reason</dt><dd><code>&lt;code&gt;</code></dd>\
             <dt>Request ID</dt><dd><code>&quot;id&quot;</code></dd></dl>"
        );
    }
}
