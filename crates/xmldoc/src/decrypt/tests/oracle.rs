//! Whatever fails after the first key operation fails alike.
use super::*;

/// Opens as if a signature covered the ciphertext, so that it can be changed.
fn open(holder: &str) -> Result<Opened, DecryptError> {
    let limits = Limits::default();
    let keys = [key_of(testing::other_rsa())];
    let with =
        Decryption { keys: &keys, sp: "urn:sp", policy: ALL, limits: &limits, plaintexts: None };
    let document = Document::parse(response(holder).as_bytes(), &limits).unwrap();
    let child = document.copy_only_child(A, "EncryptedAssertion").unwrap();
    let opened = with.open(&child, Coverage::Signed);
    // nginx would take what is left there for an error of its next TLS connection.
    assert!(openssl::error::ErrorStack::get().errors().is_empty());
    opened
}

#[test]
fn each_of_256_last_bytes_but_the_right_one_is_one_error() {
    for cipher in [CBC, ContentCipher::TripleDesCbc, GCM] {
        let sealing = Sealing::new(cipher, testing::other_rsa());
        let ciphertext = encrypt(cipher, &sealing.key, signed(&assertion()).as_bytes());
        let block = if cipher.is_authenticated() { 0 } else { cipher.cipher().block_size() };
        // In CBC this byte is xored into the last plaintext byte, the length of the padding.
        let place = ciphertext.len() - block - 1;
        for change in 0..=255 {
            let mut changed = ciphertext.clone();
            changed[place] ^= change;
            let holder = sealing.hold("EncryptedAssertion", &changed);
            let covered = open(&holder).map(drop);
            let uncovered = open_unsigned(&response(&holder), ALL).map(drop);
            let expected = if change == 0 { Ok(()) } else { Err(DecryptError::Failed) };
            assert_eq!((&covered, &uncovered), (&expected, &expected), "{cipher:?} {change}");
        }
    }
}

#[test]
fn wrong_keys_paddings_tags_and_plaintexts_are_one_error() {
    let sealing = Sealing::new(CBC, testing::other_rsa());
    let key = &sealing.key;
    let blocks = |padded: &[u8]| encrypt_blocks(CBC, key, padded);
    let xml = assertion();
    let whole = xml.len() - xml.len() % 16;
    for (ciphertext, case) in [
        (encrypt(CBC, key, b""), "nothing"),
        (encrypt(CBC, key, b"no XML at all"), "text"),
        (encrypt(CBC, key, &random(300)), "noise"),
        (encrypt(CBC, key, xml.replace("a:Assertion", "a:NameID").as_bytes()), "another element"),
        (encrypt(CBC, key, format!("<!DOCTYPE a>{xml}").as_bytes()), "DOCTYPE"),
        (encrypt(CBC, key, "<a>".repeat(1000).as_bytes()), "too deep"),
        (encrypt(CBC, key, format!("<a>{}</a>", "<b/>".repeat(20_000)).as_bytes()), "too many"),
        (encrypt(CBC, key, b"<a:Assertion/><a:Assertion/>"), "two"),
        (encrypt(CBC, key, b"<q:Assertion/>"), "unbound prefix"),
        (blocks(&[&xml.as_bytes()[..whole], &[0; 16]].concat()), "padding 0"),
        (blocks(&[&xml.as_bytes()[..whole], &[17; 16]].concat()), "padding 17"),
        (blocks(&[]), "no block"),
        (encrypt(CBC, &random(16), xml.as_bytes()), "another key"),
        (vec![0; 15], "less than an IV"),
        (vec![0; 33], "broken block"),
        (vec![], "empty"),
    ] {
        let holder = sealing.hold("EncryptedAssertion", &ciphertext);
        assert_eq!(open(&holder).err(), Some(DecryptError::Failed), "{case}");
    }
    // Plaintext that is right but for the padding.
    let mut filled = xml.clone();
    filled.push_str(&" ".repeat(16 - xml.len() % 16 + 15));
    let right = [filled.as_bytes(), &[1]].concat();
    let wrong = [filled.as_bytes(), b" "].concat();
    assert_eq!(open(&sealing.hold("EncryptedAssertion", &blocks(&right))).err(), None);
    let error = open(&sealing.hold("EncryptedAssertion", &blocks(&wrong))).err();
    assert_eq!(error, Some(DecryptError::Failed));
}

#[test]
fn a_content_key_that_does_not_unwrap_is_the_same_error() {
    let pair = testing::other_rsa();
    for (method, padding) in [("rsa-1_5", Padding::PKCS1), ("rsa-oaep-mgf1p", Padding::PKCS1_OAEP)]
    {
        for cipher in [GCM, CBC] {
            let mut sealing = Sealing::new(cipher, pair);
            sealing.method = OAEP.replace("rsa-oaep-mgf1p", method);
            let short = random(cipher.key_length() - 1);
            for wrapped in [
                wrap(pair, &short, |e| e.set_rsa_padding(padding)),
                wrap(pair, b"", |e| e.set_rsa_padding(padding)),
                random(256),
                vec![0; 256],
                vec![0xFF; 256],
                vec![0; 255],
                vec![],
            ] {
                sealing.wrapped = wrapped;
                let holder = sealing.seal("EncryptedAssertion", &assertion());
                assert_eq!(open(&holder).err(), Some(DecryptError::Failed), "{method}");
            }
        }
    }
}

/// Without the whole of a tag nothing is authenticated, whatever libcrypto would take for one.
#[test]
fn less_than_an_iv_or_a_tag_is_the_same_error_wherever_it_stands() {
    let sealing = Sealing::new(GCM, testing::other_rsa());
    let limits = Limits::default();
    let keys = [key_of(testing::other_rsa())];
    let with =
        Decryption { keys: &keys, sp: "urn:sp", policy: NONE, limits: &limits, plaintexts: None };
    for (holder, plaintext) in [
        ("EncryptedAssertion", assertion()),
        ("EncryptedID", format!("<NameID xmlns=\"{A}\">jo</NameID>")),
        ("EncryptedAttribute", format!("<Attribute xmlns=\"{A}\" Name=\"mail\"/>")),
    ] {
        let good = encrypt(GCM, &sealing.key, plaintext.as_bytes());
        let tag = good.len() - 16;
        let cut = [0, 1, 4, 12, 15].map(|length| good[..tag + length].to_vec());
        let without_iv = [0, 1, 11].map(|length| good[12 - length..].to_vec());
        let bare = [vec![], good[..12].to_vec(), good[tag..].to_vec(), vec![0; 27], vec![0; 28]];
        for ciphertext in cut.into_iter().chain(without_iv).chain(bare) {
            let xml = sealing.hold(holder, &ciphertext);
            let refused = if holder == "EncryptedAssertion" {
                open(&xml).err()
            } else {
                verified(&signed(&response(&xml))).decrypt_within(&with).err()
            };
            assert_eq!(refused, Some(DecryptError::Failed), "{holder} {}", ciphertext.len());
            assert!(openssl::error::ErrorStack::get().errors().is_empty());
        }
    }
}

#[test]
fn the_plaintext_is_bounded() {
    let filler = "x".repeat(300_000);
    let holder = seal(GCM, &assertion().replace("jo", &filler));
    let wide = Limits { bytes: 1 << 20, ..Limits::default() };
    let document = Document::parse(response(&holder).as_bytes(), &wide).unwrap();
    let child = document.copy_only_child(A, "EncryptedAssertion").unwrap();
    let keys = [key_of(testing::other_rsa())];
    let open = |limits: &Limits| {
        let with = Decryption { keys: &keys, sp: "urn:sp", policy: NONE, limits, plaintexts: None };
        code(with.open(&child, Coverage::Signed))
    };
    assert_eq!(open(&wide), "good");
    assert_eq!(open(&Limits::default()), "decryption_failed");
}
