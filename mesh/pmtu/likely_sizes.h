// Sizes of packets, in bytes with their IP header, that paths often end at.
#pragma once

#include <array>
#include <cstdint>

namespace meshcheck::mesh {

// Rising. A search tries these before it halves the remaining range. It finds other sizes too, a
// round or two later.
inline constexpr std::array<std::uint16_t, 33> kLikelySizes = {
    576,   // IPv4's smallest reassembly buffer (RFC 791); old serial links
    1280,  // IPv6's minimum (RFC 8200); tunnels configured to be on the safe side
    1300,  // VPN gateways with their MTU set by hand
    1342,  // 1412 with a VXLAN over IPv6 on top
    1360,  // 1420 (WireGuard) with an IPv4 WireGuard on top
    1370,  // 1420 with a VXLAN on top
    1372,  // 1422 (IPsec over 1500) with a VXLAN on top
    1380,  // 1440 with WireGuard over IPv4 on top; 1400 with IP in IP on top
    1392,  // 1442 (OpenStack's Geneve default) with a VXLAN on top
    1400,  // the usual round number for IPsec and for virtual networks of clouds
    1410,  // 1460 with a VXLAN on top
    1412,  // PPPoE with WireGuard over IPv6 on top
    1420,  // WireGuard over IPv6, and its default for both
    1422,  // IPsec ESP with AES-GCM in tunnel mode over 1500, roughly
    1430,  // VXLAN over IPv6
    1440,  // WireGuard over IPv4
    1442,  // Geneve with OVN's options over 1500
    1450,  // VXLAN over IPv4: most overlays of Kubernetes
    1460,  // Google Cloud's default
    1476,  // GRE over IPv4
    1480,  // IP in IP; IPv6 in IPv4
    1492,  // PPPoE
    1500,  // Ethernet
    2304,  // 802.11
    4470,  // POS and DS3 links
    8500,  // transit gateways of AWS
    8896,  // Google Cloud's largest
    8901,  // 9001 less 100, for two encapsulations
    8941,  // 9001 with WireGuard over IPv4 on top
    8950,  // 9000 with a VXLAN on top
    8951,  // 9001 with a VXLAN on top
    8981,  // 9001 with IP in IP on top
    9000,  // jumbo frames
};

}  // namespace meshcheck::mesh
