// Package relation is what is between a person and the shop beside what she is shown: complaints and what was not delivered right,
// the first order, the loyalty ladder, and what winning people costs and brings. It is pure: standings, events and moments in, changed
// standings and steps out. It knows neither plans nor stores nor rules; whoever calls it evaluates those.
package relation
