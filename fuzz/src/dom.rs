//! Pages as browsers read them.

use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// What a page is made of, in the order of the document.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dom {
    /// Names of elements, each with the names of its attributes: what markup alone can change.
    pub shape: Vec<(String, Vec<String>)>,
    /// Values of attributes.
    pub values: Vec<String>,
    /// Where links, forms and what goes on by itself lead.
    pub links: Vec<String>,
    /// Text between tags, but for style sheets and scripts.
    pub texts: Vec<String>,
    /// Style sheets and scripts.
    pub code: Vec<String>,
    /// Comments, of which no page of ours has one.
    pub comments: usize,
}

impl Dom {
    /// The page that a browser makes of this: with scripts, and once more without.
    pub fn of(html: &str) -> Self {
        let mut dom = Self::default();
        for scripting_enabled in [true, false] {
            let tree_builder = TreeBuilderOpts { scripting_enabled, ..Default::default() };
            let options = ParseOpts { tree_builder, ..Default::default() };
            let parsed = parse_document(RcDom::default(), options).one(html);
            dom.add(&parsed.document, false);
        }
        dom
    }

    fn add(&mut self, node: &Handle, is_code: bool) {
        let mut inside_is_code = false;
        match &node.data {
            NodeData::Element { name, attrs, .. } => {
                let attributes = attrs.borrow();
                let names = attributes.iter().map(|attribute| attribute.name.local.to_string());
                self.shape.push((name.local.to_string(), names.collect()));
                self.values.extend(attributes.iter().map(|attribute| attribute.value.to_string()));
                for attribute in attributes.iter() {
                    match &*attribute.name.local {
                        "href" | "action" | "formaction" | "src" => {
                            self.links.push(attribute.value.to_string());
                        }
                        // <meta http-equiv="refresh">
                        "content" => {
                            let behind = attribute.value.split_once("url=");
                            self.links.extend(behind.map(|(_, url)| url.to_owned()));
                        }
                        _ => {}
                    }
                }
                inside_is_code = matches!(&*name.local, "style" | "script");
            }
            NodeData::Text { contents } => {
                let texts = if is_code { &mut self.code } else { &mut self.texts };
                texts.push(contents.borrow().to_string());
            }
            NodeData::Comment { .. } => self.comments += 1,
            _ => {}
        }
        for child in node.children.borrow().iter() {
            self.add(child, inside_is_code);
        }
    }

    /// Does this stand somewhere as text that people see, or as the value of an attribute?
    pub fn says(&self, what: &str) -> bool {
        self.texts.iter().chain(&self.values).any(|text| text.contains(what))
    }
}
