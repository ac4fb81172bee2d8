package stage

import "github.com/veiviser/veiviser/internal/veiviser"

// Source is where an event says that its person came from: the class of its referrer (search, social, mail, ad, direct or internal),
// or else its channel; "" when it says neither.
func Source(e *veiviser.Event) string {
	if c := classOf(hostOf(e.Attributes[veiviser.AttributeReferrer])); c != unknown {
		return c.word()
	}
	return e.Channel
}

// word is the name of a class; "" of the unknown.
func (c class) word() string {
	return [...]string{"", "search", "social", "mail", "ad", "direct", "internal"}[c]
}
