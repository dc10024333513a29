// The functions that every proxy script may call, as browsers understand them. What needs the world
// (names, addresses, the time) is made by the host and taken from `world`, which the script cannot see.
(function (world, global) {
  "use strict";
  var text = String;
  var dotted = /^\d{1,3}(\.\d{1,3}){3}$/;

  // The first IPv4 address of a name, or null.
  function resolve(host) {
    var address = world.resolve(text(host));
    return address === undefined ? null : address;
  }

  function number(address) {
    if (!dotted.test(address)) return null;
    return address.split(".").reduce(function (sum, octet) {
      return sum === null || octet > 255 ? null : sum * 256 + Number(octet);
    }, 0);
  }

  var functions = {
    isPlainHostName: function (host) {
      return !/[.:]/.test(text(host));
    },
    dnsDomainIs: function (host, domain) {
      return text(host).endsWith(text(domain));
    },
    localHostOrDomainIs: function (host, full) {
      return text(host) === text(full) || text(full).startsWith(text(host) + ".");
    },
    isResolvable: function (host) {
      return resolve(host) !== null;
    },
    dnsResolve: resolve,
    myIpAddress: function () {
      return world.address();
    },
    isInNet: function (host, pattern, mask) {
      host = text(host);
      var address = dotted.test(host) ? host : resolve(host);
      if (address === null) return false;
      var parts = [address, text(pattern), text(mask)].map(number);
      if (parts.indexOf(null) >= 0) return false;
      return (parts[0] & parts[2]) === (parts[1] & parts[2]);
    },
    dnsDomainLevels: function (host) {
      return text(host).split(".").length - 1;
    },
    // Scripts use alternatives like "(a|b)": as in browsers, only the dot, the star and the question mark
    // are the shell's, the rest is the pattern language of regular expressions.
    shExpMatch: function (string, shell) {
      var pattern = text(shell).replace(/\./g, "\\.").replace(/\*/g, ".*").replace(/\?/g, ".");
      return new RegExp("^" + pattern + "$").test(text(string));
    },
    weekdayRange: world.weekdayRange,
    dateRange: world.dateRange,
    timeRange: world.timeRange,
    alert: function () {},
    // Newer names, for IPv6.
    isResolvableEx: function (host) {
      return world.resolveAll(text(host)) !== "";
    },
    dnsResolveEx: function (host) {
      return world.resolveAll(text(host));
    },
    myIpAddressEx: function () {
      return world.address();
    },
    isInNetEx: function (host, block) {
      return world.within(text(host), text(block));
    },
    sortIpAddressList: function (list) {
      return text(list).split(";").sort().join(";");
    },
    getClientVersion: function () {
      return "1.0";
    },
  };
  Object.keys(functions).forEach(function (name) {
    global[name] = functions[name];
  });

  // A script that asks for the time itself gets the same time.
  var RealDate = global.Date;
  var now = world.now;
  global.Date = class Date extends RealDate {
    constructor() {
      if (arguments.length === 0) super(now);
      else super(...arguments);
    }
    static now() {
      return now;
    }
  };
})
