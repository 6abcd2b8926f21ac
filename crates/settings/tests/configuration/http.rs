//! A configuration read as nginx reads it, and what it comes to.

use std::rc::Rc;

use clock::UnixTime;
use settings::{
    Block, Blocks, Built, ConfigError, Files, MetadataSource, RawEndpoint, RawHttp, RawIdp,
    RawLocation, RawSp, RawStore, Server, ServerName, Uses, Warnings, check, check_rule, location,
};
use sp::{Location, Sites, Sp};

use crate::files::{NOW, folder};
use crate::host::{Metadata, Sessions, TestHost};
use crate::statement::{Statement, read};

/// What a configuration has become.
pub(crate) struct Http {
    pub(crate) sps: Vec<Sites<Rc<Sp<Sessions>>>>,
    pub(crate) sources: Vec<MetadataSource<Metadata>>,
    /// By the words after `location`.
    locations: Vec<(String, Location<Sessions>)>,
    /// As `nginx -t` writes them.
    pub(crate) warnings: Vec<String>,
    pub(crate) host: TestHost,
}

impl Http {
    /// The only SP.
    pub(crate) fn sp(&self) -> &Sp<Sessions> {
        let [sites] = &self.sps[..] else { panic!("{} SPs", self.sps.len()) };
        sites.first()
    }

    pub(crate) fn location(&self, name: &str) -> &Location<Sessions> {
        &self.locations.iter().find(|(known, _)| known == name).unwrap().1
    }
}

/// Makes all of a configuration; or its first mistake, as `nginx -t` writes it.
pub(crate) fn make(text: &str) -> Result<Http, String> {
    make_at(TestHost::default(), text)
}

/// The same, on a host that may refuse.
pub(crate) fn make_at(mut host: TestHost, text: &str) -> Result<Http, String> {
    let mut blocks = Blocks::default();
    let mut top = RawLocation::default();
    let mut servers = Vec::new();
    for statement in read(text) {
        match statement.name() {
            RawStore::KIND => read_block::<RawStore>(&statement, &mut blocks)?,
            RawIdp::KIND => read_block::<RawIdp>(&statement, &mut blocks)?,
            RawSp::KIND => read_block::<RawSp>(&statement, &mut blocks)?,
            "server" => servers.push(RawServer::read(&statement, &mut blocks.endpoints)?),
            name if RawHttp::DIRECTIVES.iter().any(|row| row.name == name) => {
                let outcome = blocks.http.apply(&statement.line());
                outcome.map_err(|message| at(&statement, message))?;
            }
            _ => apply(&mut top, &statement)?,
        }
    }
    let files = Files { conf_prefix: folder().to_owned() };
    let mut warnings = Warnings::default();
    let Built { sps, sources, .. } = blocks
        .build(&mut host, &files, UnixTime::from_secs(NOW), &mut warnings)
        .map_err(|e| e.to_string())?;
    let mut locations = Vec::new();
    let mut uses = Vec::new();
    for server in &mut servers {
        server.level.inherit(&top);
        uses.push(server.merge(&sps, &mut locations).map_err(|e| e.to_string())?);
    }
    let names: Vec<Vec<_>> = servers.iter().map(RawServer::names).collect();
    let servers: Vec<_> =
        names.iter().zip(&uses).map(|(names, uses)| Server { names, uses }).collect();
    check(&servers, &sps, &blocks.sps, &mut warnings);
    let warnings = warnings.iter().map(|(place, message)| format!("{message} in {place}"));
    let warnings = warnings.map(|warning| without_folder(&warning)).collect();
    Ok(Http { sps, sources, locations, warnings, host })
}

fn read_block<B: Block>(statement: &Statement, blocks: &mut Blocks) -> Result<(), String> {
    let block = blocks.begin::<B>(&statement.words[1], statement.place.clone());
    let mut block = block.map_err(|message| at(statement, message))?;
    for line in &statement.block {
        block.apply(&line.line()).map_err(|message| at(line, message))?;
    }
    blocks.add(block);
    Ok(())
}

fn apply(level: &mut RawLocation, statement: &Statement) -> Result<(), String> {
    level.apply(&statement.line()).map_err(|message| at(statement, message))
}

fn at(statement: &Statement, message: String) -> String {
    ConfigError::new(&statement.place, message).to_string()
}

struct RawServer {
    names: Vec<String>,
    level: RawLocation,
    locations: Vec<(String, RawLocation)>,
}

impl RawServer {
    fn read(statement: &Statement, endpoints: &mut Vec<RawEndpoint>) -> Result<Self, String> {
        let (mut names, mut locations) = (Vec::new(), Vec::new());
        let mut level = RawLocation::default();
        for line in &statement.block {
            match line.name() {
                "server_name" => names.extend_from_slice(&line.words[1..]),
                "location" => {
                    let mut raw = RawLocation::default();
                    line.block.iter().try_for_each(|inside| apply(&mut raw, inside))?;
                    endpoints.extend(endpoint(line, &raw));
                    locations.push((line.words[1..].join(" "), raw));
                }
                _ => apply(&mut level, line)?,
            }
        }
        Ok(Self { names, level, locations })
    }

    fn merge(
        &mut self,
        sps: &[Sites<Rc<Sp<Sessions>>>],
        all: &mut Vec<(String, Location<Sessions>)>,
    ) -> Result<Uses<Sessions>, ConfigError> {
        let mut uses = Uses::default();
        for (name, raw) in &mut self.locations {
            let own = raw.own_rule();
            raw.complete();
            raw.inherit(&self.level);
            let made = location(raw, sps, &mut index)?;
            check_rule(own, &made)?;
            let path = name.trim_start_matches("= ");
            uses.note(raw, &made, || path.starts_with('/').then(|| path.to_owned()));
            all.push((name.clone(), made));
        }
        Ok(uses)
    }

    fn names(&self) -> Vec<ServerName<'_>> {
        let names = self.names.iter().map(|name| ServerName::new(name));
        if self.names.is_empty() { vec![ServerName::Any] } else { names.collect() }
    }
}

/// nginx counts the variables that are asked for by their number.
fn index(name: &str) -> Result<usize, String> {
    match name {
        "no_such_variable" => Err("that is no variable".to_owned()),
        name => Ok(name.len()),
    }
}

fn endpoint(statement: &Statement, raw: &RawLocation) -> Option<RawEndpoint> {
    let given = raw.endpoint.as_ref()?;
    let handler = given.value.clone();
    Some(RawEndpoint {
        kind: handler.kind,
        sp: handler.sp,
        path: statement.words.last().unwrap().clone(),
        query: handler.query,
        exact: statement.words[1] == "=",
        place: given.place.clone(),
    })
}

/// A configuration that is good, with one SP and one IdP, and lines added to parts of it.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) http: String,
    pub(crate) idp: String,
    pub(crate) sp: String,
    pub(crate) server: String,
    pub(crate) location: String,
}

/// Nothing is added.
pub(crate) const GOOD: Site = Site {
    http: String::new(),
    idp: String::new(),
    sp: String::new(),
    server: String::new(),
    location: String::new(),
};

impl Site {
    /// With lines in one part.
    pub(crate) fn with(part: &str, lines: &str) -> Self {
        let mut site = GOOD;
        site.add(part, lines);
        site
    }

    pub(crate) fn add(&mut self, part: &str, lines: &str) {
        let part = match part {
            "http" => &mut self.http,
            "idp" => &mut self.idp,
            "sp" => &mut self.sp,
            "server" => &mut self.server,
            "location" => &mut self.location,
            _ => panic!("{part}"),
        };
        if !part.is_empty() {
            part.push('\n');
        }
        part.push_str(lines);
    }

    fn text(&self) -> String {
        let Self { http, idp, sp, server, location } = self;
        format!(
            "{http}
            saml_idp corp {{
                metadata idp.xml;
                {idp}
            }}
            saml_sp app {{
                base_url https://app.example.com;
                entity_id https://app.example.com/saml/metadata;
                certificate sp.crt;
                certificate_key sp.key;
                idp corp;
                {sp}
            }}
            server {{
                location = /saml/acs {{ saml_acs app; }}
                location = /saml/login {{ saml_login app; }}
                location / {{ auth_saml app; {location} }}
                {server}
            }}"
        )
    }

    pub(crate) fn make(&self) -> Result<Http, String> {
        make(&self.text())
    }

    /// What is made of a configuration that is good.
    pub(crate) fn made(&self) -> Http {
        self.made_at(TestHost::default())
    }

    pub(crate) fn made_at(&self, host: TestHost) -> Http {
        make_at(host, &self.text()).unwrap_or_else(|mistake| panic!("{mistake}\n{}", self.text()))
    }

    /// What `nginx -t` would say.
    pub(crate) fn mistake(&self) -> String {
        let Err(mistake) = self.make() else { panic!("no mistake in\n{}", self.text()) };
        without_folder(&mistake)
    }
}

/// Files stand in `/etc/nginx`.
fn without_folder(sentence: &str) -> String {
    sentence.replace(folder().to_str().unwrap(), "/etc/nginx")
}
