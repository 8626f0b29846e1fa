//! Link-layer headers, down to where IP begins.
//!
//! [`step`] reads one header of a [`Walk`] and says what comes next. Frame check sequences and paddings are
//! not verified.

mod cooked;
mod ethernet;
mod ppp;
mod walk;
mod wifi;

use evidence::Layer;

use crate::capture::LinkType;

pub(crate) use walk::{Fragment, Next, Place, Stop, Transported, Unread, Walk};
pub(crate) use wifi::subframe;

/// Reads one link-layer header.
pub(crate) fn step(walk: &mut Walk<'_>, next: Next) -> Result<Next, Stop> {
    match next {
        Next::Link(link) => enter(walk, link),
        Next::Ethernet => ethernet::ethernet(walk),
        Next::EtherType(number) => ethernet::ether_type(walk, number),
        Next::Llc => ethernet::llc(walk),
        Next::Mpls => ethernet::mpls(walk),
        Next::Ppp => ppp::ppp(walk),
        Next::Pppoe => ppp::pppoe(walk),
        Next::Wifi(padded) => wifi::wifi(walk, padded),
        Next::WifiSwapped => wifi::swapped(walk),
        // Not the link layer's: whoever calls reads those.
        Next::Gre | Next::Ip | Next::Protocol(_) => Ok(next),
    }
}

/// What a link type's first header is.
fn enter(walk: &mut Walk<'_>, link: LinkType) -> Result<Next, Stop> {
    match link {
        LinkType::ETHERNET => Ok(Next::Ethernet),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OLD | LinkType::IPV4 | LinkType::IPV6 => {
            Ok(Next::Ip)
        }
        LinkType::COOKED => cooked::version1(walk),
        LinkType::COOKED2 => cooked::version2(walk),
        LinkType::NULL | LinkType::LOOP => cooked::loopback(walk),
        LinkType::NFLOG => cooked::netfilter(walk),
        LinkType::PKTAP => cooked::pktap(walk),
        LinkType::PPP | LinkType::PPP_SERIAL => Ok(Next::Ppp),
        LinkType::PPPOE => Ok(Next::Pppoe),
        LinkType::CISCO_HDLC => ppp::cisco(walk),
        LinkType::WIFI => Ok(Next::Wifi(false)),
        LinkType::WIFI_RADIOTAP => wifi::radiotap(walk),
        LinkType::WIFI_PRISM | LinkType::WIFI_AVS => wifi::prism(walk),
        LinkType::PPI => wifi::per_packet(walk),
        other => Err(Stop::Unread(Unread::Link(other))),
    }
}

const LINK: Layer = Layer::Link;
