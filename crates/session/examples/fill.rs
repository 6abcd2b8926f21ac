//! Many sessions made from one, as commands that fill a memcached: for `scripts/bench`.
//!
//! ```text
//! fill SECRET_FILE KEY_PREFIX COOKIE COUNT COOKIES_FILE < VALUE > COMMANDS
//! ```
//!
//! VALUE is what memcached holds for the session of COOKIE (the cookie's value). Each new session
//! has a token, NameID and SessionIndex of its own; the cookies' values go to
//! COOKIES_FILE, one a line.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::UnixTime;
use openssl::rand::rand_bytes;
use session::{Secret, Secrets, Session, SessionToken, SpId, StoredSession, mark};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [secret_file, key_prefix, cookie, count, cookies_file] = arguments.as_slice() else {
        return Err("fill SECRET_FILE KEY_PREFIX COOKIE COUNT COOKIES_FILE < VALUE".into());
    };
    let secret = Secret::from_file_bytes(&fs::read(secret_file)?)?;
    let secrets = Secrets::one(secret);
    let template = open(&secrets, cookie)?;
    let ttl = template.expires - now()?;
    let mut cookies = BufWriter::new(File::create(cookies_file)?);
    let mut commands = BufWriter::new(io::stdout().lock());
    for number in 0..count.parse()? {
        let token = SessionToken::from_random(random()?);
        let value = secrets.seal_session(&token, random()?, &member(&template, number))?;
        let key = URL_SAFE_NO_PAD.encode(token.store_key(&template.sp).as_bytes());
        // Quiet: memcached answers failures only.
        write!(commands, "ms {key_prefix}s{key} {} T{ttl} F{} q\r\n", value.len(), mark(&value))?;
        commands.write_all(&value)?;
        commands.write_all(b"\r\n")?;
        writeln!(cookies, "{}", token.to_cookie())?;
    }
    commands.flush()?;
    Ok(cookies.flush()?)
}

fn open(secrets: &Secrets, cookie: &str) -> Result<Session, Box<dyn Error>> {
    let token = SessionToken::from_cookie(cookie).ok_or("COOKIE is no session cookie")?;
    let mut value = Vec::new();
    io::stdin().read_to_end(&mut value)?;
    // Only the end of a session is bound to its key; a living one says whose it is.
    let key = token.store_key(&SpId::default());
    match secrets.open_session(&token, &key, &value) {
        Some(StoredSession::Alive(session)) => Ok(*session),
        _ => Err("VALUE is no session of COOKIE under the secret".into()),
    }
}

fn member(template: &Session, number: u64) -> Session {
    let mut session = template.clone();
    session.name_id.value = format!("member-{number:07}@example.org");
    session.session_index = Some(format!("_{number:032x}"));
    session
}

fn random<const N: usize>() -> Result<[u8; N], openssl::error::ErrorStack> {
    let mut bytes = [0; N];
    rand_bytes(&mut bytes)?;
    Ok(bytes)
}

fn now() -> Result<UnixTime, Box<dyn Error>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(UnixTime::from_secs(since.as_secs().try_into()?))
}
