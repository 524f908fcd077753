// Package netaddr stands in for inet.af/netaddr, an archived module that is no
// longer served everywhere. gomplate (containerlab's template functions) uses
// five of its names; here they are, on the standard library's net/netip, which
// is what upstream tells its users to move to.
package netaddr

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// IP is a plain address.
type IP = netip.Addr

// ParseIP parses an address.
func ParseIP(s string) (IP, error) { return netip.ParseAddr(s) }

// IPPrefix is an address and a length; the host bits are kept until Masked.
type IPPrefix struct{ netip.Prefix }

// ParseIPPrefix parses "10.0.0.1/8".
func ParseIPPrefix(s string) (IPPrefix, error) {
	p, err := netip.ParsePrefix(s)
	return IPPrefix{p}, err
}

// IP is the address before the slash.
func (p IPPrefix) IP() IP { return p.Addr() }

// Masked clears the host bits.
func (p IPPrefix) Masked() IPPrefix { return IPPrefix{p.Prefix.Masked()} }

// Range is the first and the last address.
func (p IPPrefix) Range() IPRange {
	network := p.IPNet()
	last := make(net.IP, len(network.IP))
	for i := range last {
		last[i] = network.IP[i] | ^network.Mask[i]
	}
	to, _ := netip.AddrFromSlice(last)
	return IPRange{from: p.Prefix.Masked().Addr(), to: to}
}

// IPNet is the same prefix as the net package writes it.
func (p IPPrefix) IPNet() *net.IPNet {
	masked := p.Prefix.Masked().Addr()
	return &net.IPNet{
		IP:   masked.AsSlice(),
		Mask: net.CIDRMask(p.Bits(), masked.BitLen()),
	}
}

// IPRange is an inclusive range.
type IPRange struct{ from, to IP }

// ParseIPRange parses "10.0.0.1-10.0.0.9".
func ParseIPRange(s string) (IPRange, error) {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		return IPRange{}, fmt.Errorf("no hyphen in range %q", s)
	}
	from, err := netip.ParseAddr(first)
	if err != nil {
		return IPRange{}, fmt.Errorf("invalid From IP in range %q: %w", s, err)
	}
	to, err := netip.ParseAddr(last)
	if err != nil {
		return IPRange{}, fmt.Errorf("invalid To IP in range %q: %w", s, err)
	}
	if from.BitLen() != to.BitLen() || to.Less(from) {
		return IPRange{}, fmt.Errorf("range %q is not from low to high", s)
	}
	return IPRange{from: from, to: to}, nil
}

// From is the first address.
func (r IPRange) From() IP { return r.from }

// To is the last address.
func (r IPRange) To() IP { return r.to }

// Contains tells whether the address lies in the range.
func (r IPRange) Contains(ip IP) bool {
	return ip.BitLen() == r.from.BitLen() && !ip.Less(r.from) && !r.to.Less(ip)
}

func (r IPRange) String() string { return r.from.String() + "-" + r.to.String() }
