//! SASL, on both legs.

use super::super::decode::{At, NonEmpty, choice, entity};
use super::super::model::{Mediation, ScramAlgorithm};
use super::super::value::{CredentialHash, Password, Username};

entity! {
    /// SASL/PLAIN: clients send their passwords, so that the listener should be one for TLS.
    SaslPlainClient {
        /// Who checks the password: the gateway (terminate), or the brokers (passthrough).
        mediation: At<Mediation>,
        /// Who may connect, if the gateway decides: with terminate.
        principals: Option<NonEmpty<Principal>>,
    }
}

entity! {
    /// SASL/SCRAM: clients prove that they know their passwords, and learn that the gateway knows something of them.
    SaslScramClient {
        /// The hash function.
        algorithm: ScramAlgorithm,
        /// Who checks the proof: the gateway (terminate), or the brokers (passthrough).
        mediation: At<Mediation>,
        /// Who may connect, if the gateway decides: with terminate.
        principals: Option<NonEmpty<Principal>>,
    }
}

entity! {
    /// Somebody who may connect, with a password or with the salted hash of one.
    Principal {
        /// The name, which is the principal's.
        username: At<Username>,
        /// The password.
        password: Option<Password>,
        /// The salted hash of the password, as kegd hash-password prints it.
        password_hash: Option<At<CredentialHash>>,
    }
}

entity! {
    /// SASL/PLAIN: the gateway sends the password, so that the cluster should have TLS.
    SaslPlain {
        /// Who the gateway is.
        username: Username,
        /// Its password.
        password: Password,
    }
}

entity! {
    /// SASL/SCRAM: the gateway proves that it knows the password.
    SaslScram {
        /// The hash function.
        algorithm: ScramAlgorithm,
        /// Who the gateway is.
        username: Username,
        /// Its password.
        password: Password,
    }
}

choice! {
    Mediation {
        "terminate" => Terminate,
        "passthrough" => Passthrough,
    }
}

choice! {
    ScramAlgorithm {
        "sha256" => Sha256,
        "sha512" => Sha512,
    }
}
