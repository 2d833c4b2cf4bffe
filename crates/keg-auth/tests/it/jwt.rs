use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::hmac;
use keg_auth::Claim;
use keg_auth::jwt::{Algorithm, KeyStore, Keys, KeysError, Token, TokenError, Validator};

use crate::issuer::{Issuer, base64, keys};
use crate::support::now;

const CLAIMS: &str = r#"{"sub":"ann","exp":1800000060}"#;

fn validator(issuers: &[&Issuer]) -> Validator {
    Validator::new(KeyStore::new(keys(issuers)))
}

#[test]
fn every_algorithm_is_verified_and_every_other_key_refused() {
    let (rsa, p256, p384, ed) = (
        Issuer::rsa("rsa"),
        Issuer::p256("p256"),
        Issuer::p384("p384"),
        Issuer::ed25519("ed"),
    );
    let all = validator(&[&rsa, &p256, &p384, &ed]);
    for (issuer, algorithms) in [
        (&rsa, &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        (&p256, &["ES256"]),
        (&p384, &["ES384"]),
        (&ed, &["EdDSA"]),
    ] {
        for algorithm in algorithms {
            let token = issuer.sign(algorithm, CLAIMS);
            assert_eq!(all.validate(&token, now()).unwrap().principal, "ann", "{algorithm}");
            // Another's key under the same id hasn't signed it, whatever its type.
            for impostor in [Issuer::p256("p256"), Issuer::p384("p384"), Issuer::ed25519("ed")] {
                let error = validator(&[&impostor]).validate(&token, now()).unwrap_err();
                assert!(
                    matches!(error, TokenError::Signature | TokenError::UnknownKey { .. }),
                    "{algorithm}: {error}"
                );
            }
            let (message, signature) = token.rsplit_once('.').unwrap();
            let (header, _) = message.split_once('.').unwrap();
            let other = base64(CLAIMS.replace("ann", "eve").as_bytes());
            let forged = format!("{header}.{other}.{signature}");
            assert_eq!(all.validate(&forged, now()), Err(TokenError::Signature), "{algorithm}");
        }
    }
}

/// RFC 7515, appendices A.2 and A.3: no `sub`, and no `kid`.
#[test]
fn the_examples_of_the_rfc_are_verified() {
    let jwks = r#"{"keys":[
        {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
        {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
    ]}"#;
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let validator = Validator::new(KeyStore::new(Keys::from_jwks(jwks.as_bytes()).unwrap())).principal_claim("iss");
    let then = UNIX_EPOCH + Duration::from_secs(1_300_819_000);
    for (header, signature) in [
        (
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ] {
        let token = validator
            .validate(&format!("{header}.{payload}.{signature}"), then)
            .unwrap();
        assert_eq!(token.principal, "joe");
        assert_eq!(token.claims["http://example.com/is_root"], Claim::Bool(true));
    }
}

/// RFC 8037, appendix A.4: the payload is no JSON, which is found out after the signature is right.
#[test]
fn the_example_of_ed25519_is_verified() {
    let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let validator = Validator::new(KeyStore::new(Keys::from_jwks(jwks.as_bytes()).unwrap()));
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(
        validator.validate(&format!("{message}.{signature}"), now()),
        Err(TokenError::Malformed("its payload"))
    );
    let other = signature.replace("hgyY", "hgyZ");
    assert_eq!(
        validator.validate(&format!("{message}.{other}"), now()),
        Err(TokenError::UnknownKey { kid: None })
    );
}

#[test]
fn none_and_hmac_are_refused_whatever_the_header_says() {
    let issuer = Issuer::p256("k");
    let validator = validator(&[&issuer]);
    let claims = base64(CLAIMS.as_bytes());
    for algorithm in ["none", "None", "HS256", "HS384", "HS512", "ES512", "es256", ""] {
        let header = base64(format!(r#"{{"alg":"{algorithm}","kid":"k"}}"#).as_bytes());
        let message = format!("{header}.{claims}");
        // The public key as the key of an HMAC is what everybody could sign with.
        let public = issuer.jwk();
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes()),
            message.as_bytes(),
        );
        for signature in ["", &base64(tag.as_ref())] {
            let error = validator
                .validate(&format!("{message}.{signature}"), now())
                .unwrap_err();
            assert!(matches!(error, TokenError::Algorithm(_)), "{algorithm}: {error}");
        }
    }
    assert!("none".parse::<Algorithm>().is_err() && "HS256".parse::<Algorithm>().is_err());
}

#[test]
fn only_algorithms_on_the_list_are_accepted() {
    let issuer = Issuer::p256("k");
    let token = issuer.sign("ES256", CLAIMS);
    let only = |algorithm| validator(&[&issuer]).algorithms([algorithm]).validate(&token, now());
    only(Algorithm::Es256).unwrap();
    assert_eq!(
        only(Algorithm::Rs256).unwrap_err().to_string(),
        r#"signed with "ES256", which is not allowed"#
    );
}

#[test]
fn a_key_that_says_its_algorithm_is_used_for_no_other() {
    let issuer = Issuer::rsa("k");
    let jwk = issuer.jwk().replace(r#""kty""#, r#""alg":"PS256","kty""#);
    let jwks = format!(r#"{{"keys":[{jwk}]}}"#);
    let validator = Validator::new(KeyStore::new(Keys::from_jwks(jwks.as_bytes()).unwrap()));
    validator.validate(&issuer.sign("PS256", CLAIMS), now()).unwrap();
    assert_eq!(
        validator.validate(&issuer.sign("RS256", CLAIMS), now()),
        Err(TokenError::Signature)
    );
}

#[test]
fn an_unknown_key_is_told_apart_so_that_keys_can_be_fetched() {
    let (old, new) = (Issuer::p256("old"), Issuer::p256("new"));
    let store = KeyStore::new(keys(&[&old]));
    let validator = Validator::new(store.clone());
    let token = new.sign("ES256", CLAIMS);
    let error = validator.validate(&token, now()).unwrap_err();
    assert_eq!(error.to_string(), r#"signed with a key that is not known (kid "new")"#);
    store.replace(keys(&[&old, &new]));
    validator.validate(&token, now()).unwrap();
    store.replace(keys(&[&new]));
    assert!(matches!(
        validator.validate(&old.sign("ES256", CLAIMS), now()),
        Err(TokenError::UnknownKey { .. })
    ));
    // Before any keys were fetched.
    let error = Validator::new(KeyStore::default()).validate(&token, now()).unwrap_err();
    assert!(matches!(error, TokenError::UnknownKey { .. }));
}

#[test]
fn time_is_compared_with_the_clock_skew_and_not_with_the_clock() {
    let issuer = Issuer::p256("k");
    let validator = validator(&[&issuer]).clock_skew(Duration::from_secs(10));
    let at = |claims: &str, second: u64| {
        let now = UNIX_EPOCH + Duration::from_secs(second);
        validator.validate(&issuer.sign("ES256", claims), now)
    };
    let claims = r#"{"sub":"ann","nbf":1000,"exp":2000}"#;
    assert_eq!(at(claims, 989), Err(TokenError::NotYetValid { seconds: 11 }));
    at(claims, 990).unwrap();
    let token = at(claims, 2009).unwrap();
    assert_eq!(token.expires_at, UNIX_EPOCH + Duration::from_secs(2010));
    assert_eq!(at(claims, 2010), Err(TokenError::Expired { seconds: 10 }));
    assert_eq!(at(claims, 2_000_000), Err(TokenError::Expired { seconds: 1_998_000 }));
    at(r#"{"sub":"ann","exp":2000.5}"#, 2010).unwrap();

    for (claims, claim) in [
        (r#"{"sub":"ann"}"#, "exp"),
        (r#"{"sub":"ann","exp":"2000"}"#, "exp"),
        (r#"{"sub":"ann","exp":null}"#, "exp"),
        (r#"{"sub":"ann","exp":-1}"#, "exp"),
        (r#"{"sub":"ann","exp":1e300}"#, "exp"),
        (r#"{"sub":"ann","exp":2000,"nbf":"no"}"#, "nbf"),
    ] {
        let error = at(claims, 1500).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("no claim {claim:?} that is a date"),
            "{claims}"
        );
    }
    // The last second that there is.
    let late = at(r#"{"sub":"ann","exp":9223372036854775807}"#, 1500).unwrap();
    assert!(late.expires_at > now());
}

fn claims(claims: &str, set: impl FnOnce(Validator) -> Validator) -> Result<Token, TokenError> {
    let issuer = Issuer::ed25519("k");
    let claims = claims.replace('}', r#","exp":1800000060}"#);
    set(validator(&[&issuer])).validate(&issuer.sign("EdDSA", &claims), now())
}

#[test]
fn issuer_and_audience_are_compared() {
    let issuer = |text: &str| claims(text, |validator| validator.issuer("https://issuer"));
    issuer(r#"{"sub":"ann","iss":"https://issuer"}"#).unwrap();
    for other in [
        r#"{"sub":"ann","iss":"https://issuer/"}"#,
        r#"{"sub":"ann"}"#,
        r#"{"sub":"ann","iss":["https://issuer"]}"#,
    ] {
        assert!(matches!(issuer(other), Err(TokenError::Issuer { .. })), "{other}");
    }
    let audience = |text: &str| claims(text, |validator| validator.audiences(["kafka", "keg"]));
    audience(r#"{"sub":"ann","aud":"keg"}"#).unwrap();
    audience(r#"{"sub":"ann","aud":["web","kafka"]}"#).unwrap();
    for other in [
        r#"{"sub":"ann","aud":"web"}"#,
        r#"{"sub":"ann"}"#,
        r#"{"sub":"ann","aud":[]}"#,
        r#"{"sub":"ann","aud":"kafka keg"}"#,
    ] {
        assert!(matches!(audience(other), Err(TokenError::Audience { .. })), "{other}");
    }
}

#[test]
fn claims_are_mapped_and_kept() {
    let token = claims(
        r#"{"azp":"svc","scp":["a","b"],"n":1.5,"i":-3,"x":null}"#,
        |validator| validator.principal_claim("azp").scope_claim("scp"),
    );
    let token = token.unwrap();
    assert_eq!(
        (token.principal.as_str(), token.scopes.as_slice()),
        ("svc", &["a".to_owned(), "b".to_owned()][..])
    );
    assert_eq!(token.claims["n"], Claim::Number(1.5));
    assert_eq!(token.claims["i"], Claim::Integer(-3));
    assert_eq!(token.claims["x"], Claim::Null);
    assert_eq!(token.claims["azp"], Claim::Text("svc".to_owned()));

    let token = claims(r#"{"sub":"ann","scope":"read  write"}"#, |validator| validator).unwrap();
    assert_eq!(token.scopes, ["read", "write"]);
    for none in [r#"{"sub":""}"#, r#"{"sub":7}"#, r#"{"name":"ann"}"#] {
        assert!(
            matches!(claims(none, |validator| validator), Err(TokenError::Claim { .. })),
            "{none}"
        );
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let issuer = Issuer::ed25519("k");
    let validator = validator(&[&issuer]).max_size(500);
    let signed = |header: &str| issuer.sign_with_header(header, "EdDSA", CLAIMS);
    for (token, expected) in [
        (String::new(), "no signature"),
        ("a.b".to_owned(), "not three parts"),
        ("a.b.c.d".to_owned(), "its header"),
        ("?.e30.AA".to_owned(), "its header"),
        ("e30.e30.AA".to_owned(), "its header has no algorithm (alg)"),
        (format!("{}.e30.AA", base64(b"[]")), "its header"),
        (
            format!("{}.e30.?", base64(br#"{"alg":"EdDSA"}"#)),
            "its signature is not Base64url",
        ),
        (signed(r#"{"alg":"EdDSA","kid":7}"#), "its key id (kid) is not a text"),
        (
            signed(r#"{"alg":"EdDSA","kid":"k","crit":["exp"]}"#),
            "its header has extensions (crit)",
        ),
        (issuer.sign("EdDSA", "[]"), "its payload"),
        (issuer.sign("EdDSA", "{"), "its payload"),
        ("x".repeat(501), "501 bytes, of which 500 are allowed"),
    ] {
        let error = validator.validate(&token, now()).unwrap_err().to_string();
        assert!(error.contains(expected), "{token}: {error}");
    }
    // As deep as brackets go.
    let deep = format!("{}.{}.AA", base64(br#"{"alg":"EdDSA"}"#), "W1tb".repeat(10_000));
    validator
        .clone()
        .max_size(1_000_000)
        .validate(&deep, now())
        .unwrap_err();
}

#[test]
fn keys_of_no_use_are_left_out_and_told() {
    let good = Issuer::p256("good").jwk();
    let jwks = format!(
        r#"{{"keys":[
            {{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}},
            {{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}},
            {{"kty":"OKP","crv":"X25519","x":"AA"}},
            {{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}},
            {{"kty":"RSA","alg":"RSA-OAEP","n":"AQAB","e":"AQAB"}},
            {{"kty":"RSA","alg":"ES256","n":"AQAB","e":"AQAB"}},
            {{"kty":"RSA","n":"???","e":"AQAB"}},
            {{"kty":"RSA","n":"AQAB","e":"AQAB"}},
            {{"kty":"new"}}, 7, {good}
        ]}}"#
    );
    let keys = Keys::from_jwks(jwks.as_bytes()).unwrap();
    assert_eq!((keys.len(), keys.unusable().len()), (1, 10));
    assert_eq!(keys.unusable()[0], "keys[0]: an HMAC key, which is never used");

    let problem = |json: &str| Keys::from_jwks(json.as_bytes()).unwrap_err();
    assert!(matches!(problem("<html>"), KeysError::Json(_)));
    assert_eq!(problem("{}"), KeysError::NoKeys);
    assert_eq!(
        problem(r#"{"keys":[{"kty":"oct","k":"AA"}]}"#).to_string(),
        "no key of the JWKS can be used: keys[0]: an HMAC key, which is never used"
    );
}
