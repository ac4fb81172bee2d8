package stage

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
