package stage

import "github.com/veiviser/veiviser/internal/veiviser"

// Source is where an event says that its person came from, see [SourceOf].
func Source(e *veiviser.Event) string {
	return SourceOf(e.Attributes[veiviser.AttributeReferrer], e.Channel)
}

// SourceOf is where a referrer and a channel say that somebody comes from: the class of the referrer (search, social, mail, ad,
// direct or internal), or else the channel; "" when they say neither.
func SourceOf(referrer, channel string) string {
	if c := classOf(hostOf(referrer)); c != unknown {
		return c.word()
	}
	return channel
}

// word is the name of a class; "" of the unknown.
func (c class) word() string {
	return [...]string{"", "search", "social", "mail", "ad", "direct", "internal"}[c]
}
