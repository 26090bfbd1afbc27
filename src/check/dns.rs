//! DNS_CHECK: the question, and what a datagram is worth as its answer (CK-80, CK-81).

use hickory_proto::op::{Header, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use crate::model::check::{DnsCheck, DnsRecord};

/// What a datagram says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is none to this question: the wait goes on.
    Stray,
    Good,
    /// The server's error code.
    Error(u8),
}

/// The bytes that ask; `None`: the name cannot be asked for.
pub fn question(check: &DnsCheck, id: u16) -> Option<Vec<u8>> {
    let labels = check.name.split('.').filter(|label| !label.is_empty()).map(str::as_bytes);
    let name = Name::from_labels(labels).ok()?;
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, record_type(check.record)));
    message.to_vec().ok()
}

/// Only the header is looked at: whatever follows it, a server that answers without error is good.
pub fn judge(id: u16, datagram: &[u8]) -> Answer {
    match Header::read(&mut BinDecoder::new(datagram)) {
        Ok(header) if header.id == id && header.message_type == MessageType::Response => {
            match header.response_code.low() {
                0 => Answer::Good,
                code => Answer::Error(code),
            }
        }
        Ok(_) | Err(_) => Answer::Stray,
    }
}

fn record_type(record: DnsRecord) -> RecordType {
    match record {
        DnsRecord::A => RecordType::A,
        DnsRecord::Ns => RecordType::NS,
        DnsRecord::Cname => RecordType::CNAME,
        DnsRecord::Soa => RecordType::SOA,
        DnsRecord::Mx => RecordType::MX,
        DnsRecord::Txt => RecordType::TXT,
        DnsRecord::Aaaa => RecordType::AAAA,
        DnsRecord::Rrsig => RecordType::RRSIG,
        DnsRecord::Dnskey => RecordType::DNSKEY,
    }
}

#[cfg(test)]
mod tests;
