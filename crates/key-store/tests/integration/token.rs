//! Keys in a token, with a real one in software: made in it, never out of it, and every way in which it is not
//! there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use timbre_key_store::{
    KeyRole, KeyStore, KeyStoreError, MemoryKeys, PinTries, Token, TokenKeys, TokenTrouble,
};

use crate::softhsm;

fn labels() -> Vec<(KeyRole, String)> {
    KeyRole::DEVICE_SIDE.map(|role| (role, format!("TM0000042-{role}-1"))).to_vec()
}

fn trouble<T: std::fmt::Debug>(result: Result<T, KeyStoreError>) -> TokenTrouble {
    match result.unwrap_err() {
        KeyStoreError::Token { trouble, .. } => trouble,
        other => panic!("{other}"),
    }
}

/// A session beside the store's own, for what it would never do.
fn session(token: &Token) -> Session {
    let context = Pkcs11::new(&token.module).unwrap();
    // The store may have done it.
    let _ = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slots = context.get_slots_with_initialized_token().unwrap();
    let is_it =
        |slot: &cryptoki::slot::Slot| context.get_token_info(*slot).unwrap().label() == token.name;
    let session = context.open_rw_session(slots.into_iter().find(is_it).unwrap()).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::new("1234".into())));
    session
}

/// A key pair under `label` that the store would not have made.
fn make(token: &Token, label: &str, curve: &[u8], extractable: bool) {
    let public = [
        Attribute::Token(true),
        Attribute::EcParams(curve.to_vec()),
        Attribute::Label(label.into()),
    ];
    let private = [
        Attribute::Token(true),
        Attribute::Sensitive(!extractable),
        Attribute::Extractable(extractable),
        Attribute::Sign(true),
        Attribute::Label(label.into()),
    ];
    session(token).generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private).unwrap();
}

const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

#[test]
fn keys_are_made_in_the_token_and_are_there_when_it_is_opened_again() {
    softhsm::with(
        "token::keys_are_made_in_the_token_and_are_there_when_it_is_opened_again",
        |hsm| {
            let token = hsm.token("meter");
            let made = TokenKeys::open_or_create(&token, &labels()).unwrap();
            let described = made.check().unwrap();
            assert!(described.iter().all(|key| key.made_inside == Some(true)), "{described:?}");
            let opened = TokenKeys::open(&token, &labels()).unwrap();
            for role in KeyRole::DEVICE_SIDE {
                let public = opened.public_key(role).unwrap();
                assert_eq!(public, made.public_key(role).unwrap());
                let signature = opened.sign(role, b"a text").unwrap();
                public.verify(b"a text", &signature).unwrap();
                assert!(public.verify(b"another", &signature).is_err());
            }
            assert!(matches!(
                opened.sign(KeyRole::Funds, b""),
                Err(KeyStoreError::NoKey(KeyRole::Funds))
            ));
        },
    );
}

#[test]
fn many_threads_sign_at_once() {
    softhsm::with("token::many_threads_sign_at_once", |hsm| {
        let token = hsm.token("meter");
        let keys = TokenKeys::open_or_create(&token, &labels()).unwrap();
        let public = keys.public_key(KeyRole::Indicium).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                let keys = &keys;
                scope.spawn(move || {
                    for piece in 0..25_u8 {
                        let text = [thread, piece];
                        let signature = keys.sign(KeyRole::Indicium, &text).unwrap();
                        public.verify(&text, &signature).unwrap();
                    }
                });
            }
        });
    });
}

#[test]
fn a_token_that_goes_away_is_a_fault_and_is_used_again_when_it_is_back() {
    let name = "token::a_token_that_goes_away_is_a_fault_and_is_used_again_when_it_is_back";
    softhsm::with(name, |hsm| {
        let token = hsm.token("meter");
        let keys = TokenKeys::open_or_create(&token, &labels()).unwrap();
        keys.sign(KeyRole::Device, b"before").unwrap();
        let (here, away) = (hsm.folder.join("tokens"), hsm.folder.join("away"));
        fs::rename(&here, &away).unwrap();
        fs::create_dir(&here).unwrap();
        let error = keys.sign(KeyRole::Device, b"without").unwrap_err();
        assert!(matches!(error, KeyStoreError::Token { .. }) && !error.is_breach(), "{error}");
        fs::remove_dir(&here).unwrap();
        fs::rename(&away, &here).unwrap();
        let signature = keys.sign(KeyRole::Device, b"after").unwrap();
        keys.public_key(KeyRole::Device).unwrap().verify(b"after", &signature).unwrap();
    });
}

#[test]
fn each_way_of_not_being_there_has_its_own_advice() {
    softhsm::with("token::each_way_of_not_being_there_has_its_own_advice", |hsm| {
        let token = hsm.token("meter");
        let open = |token: &Token| TokenKeys::open(token, &labels());

        let module = "/nowhere/libhsm.so".into();
        let found = trouble(open(&Token { module, ..token.clone() }));
        assert!(matches!(found, TokenTrouble::Module(_)), "{found}");

        let other = Token { name: "other".to_owned(), ..token.clone() };
        let present = vec!["meter".to_owned()];
        assert_eq!(trouble(open(&other)), TokenTrouble::NoToken { present });

        assert_eq!(trouble(open(&token)), TokenTrouble::NoKey("TM0000042-device-1".to_owned()));

        let pin_file = hsm.pin("open", "1234");
        fs::set_permissions(&pin_file, fs::Permissions::from_mode(0o644)).unwrap();
        let error = open(&Token { pin_file, ..token.clone() }).unwrap_err();
        assert!(matches!(error, KeyStoreError::PinReadableByOthers { mode: 0o644, .. }), "{error}");
        let error = open(&Token { pin_file: hsm.pin("empty", "\n"), ..token.clone() }).unwrap_err();
        assert!(matches!(error, KeyStoreError::NoPin(_)), "{error}");
    });
}

#[test]
fn a_wrong_pin_is_told_and_not_tried_again() {
    softhsm::with("token::a_wrong_pin_is_told_and_not_tried_again", |hsm| {
        let token = hsm.token("meter");
        let wrong = Token { pin_file: hsm.pin("wrong", "9999"), ..token };
        let found = trouble(TokenKeys::open(&wrong, &labels()));
        let tries = [PinTries::Unknown, PinTries::Few, PinTries::Last];
        assert!(tries.map(TokenTrouble::WrongPin).contains(&found), "{found:?}");
    });
}

#[test]
fn a_key_of_another_curve_an_ambiguous_one_and_one_that_can_leave_are_refused() {
    let name = "token::a_key_of_another_curve_an_ambiguous_one_and_one_that_can_leave_are_refused";
    softhsm::with(name, |hsm| {
        let token = hsm.token("meter");
        let open = |label: &str| TokenKeys::open(&token, &[(KeyRole::Funds, label.to_owned())]);
        make(&token, "large", &P384, false);
        assert_eq!(trouble(open("large")), TokenTrouble::OtherCurve("large".to_owned()));
        make(&token, "twice", &P256, false);
        make(&token, "twice", &P256, false);
        assert_eq!(trouble(open("twice")), TokenTrouble::ManyKeys("twice".to_owned()));
        make(&token, "loose", &P256, true);
        assert_eq!(trouble(open("loose")), TokenTrouble::NotConfined("loose".to_owned()));
        make(&token, "right", &P256, false);
        open("right").unwrap();
    });
}

#[test]
fn destroyed_keys_are_gone() {
    softhsm::with("token::destroyed_keys_are_gone", |hsm| {
        let token = hsm.token("meter");
        TokenKeys::open_or_create(&token, &labels()).unwrap().destroy().unwrap();
        let gone = trouble(TokenKeys::open(&token, &labels()));
        assert_eq!(gone, TokenTrouble::NoKey("TM0000042-device-1".to_owned()));
    });
}

#[test]
#[ignore = "a figure: cargo test --release -p timbre-key-store --features pkcs11 -- --ignored --nocapture"]
fn how_many_signatures_a_second() {
    softhsm::with("token::how_many_signatures_a_second", |hsm| {
        let token = TokenKeys::open_or_create(&hsm.token("meter"), &labels()).unwrap();
        let memory = MemoryKeys::generate(&KeyRole::DEVICE_SIDE).unwrap();
        let stores: [(&str, &dyn KeyStore); 2] = [("memory", &memory), ("SoftHSM", &token)];
        for (name, store) in stores {
            let start = std::time::Instant::now();
            let mut signed = 0_u32;
            while start.elapsed().as_secs() < 2 {
                store.sign(KeyRole::Indicium, &[0; 200]).unwrap();
                signed += 1;
            }
            println!(
                "{name}: {:.0} signatures a second",
                f64::from(signed) / start.elapsed().as_secs_f64()
            );
        }
    });
}
