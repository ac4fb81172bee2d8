// Package relation is what is between a person and the shop whatever is believed about her: how two standings become one when
// two identities turn out to be one person.
//
// It is pure: values in, values out. It decides nothing about what is shown (package eligible makes bars of a standing), and
// keeps nothing (package store).
package relation
