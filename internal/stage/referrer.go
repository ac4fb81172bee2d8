package stage

import "strings"

// class is the kind of place a visit came from.
type class uint8

const (
	unknown class = iota
	search
	social
	mail
	ad
	direct
	internal
)

// SourceClasses are the kinds of places that [Source] tells apart by referrer.
func SourceClasses() []string {
	var words []string
	for c := search; c <= internal; c++ {
		words = append(words, c.word())
	}
	return words
}

// classWord reads a class by its name.
func classWord(s string) class {
	switch s {
	case "search":
		return search
	case "social":
		return social
	case "mail":
		return mail
	case "ad":
		return ad
	case "direct":
		return direct
	case "internal":
		return internal
	}
	return unknown
}

// classOf derives the class of a referrer as hostOf gives it: a class word passes through, well-known hosts have
// their class, everything else is unknown. Mail comes before search since the same companies run both.
func classOf(host string) class {
	if c := classWord(host); c != unknown {
		return c
	}
	for _, label := range [...]string{"mail.", "webmail.", "outlook.", "com.google.android.gm"} {
		if strings.HasPrefix(host, label) {
			return mail
		}
	}
	site := registered(host)
	switch site {
	case "google", "bing", "duckduckgo", "yahoo", "ecosia", "qwant", "startpage", "kvasir", "yandex", "baidu", "kagi",
		"com.google.android.googlequicksearchbox":
		if strings.HasPrefix(host, "ads.") || strings.HasPrefix(host, "googleads.") {
			return ad
		}
		return search
	case "facebook", "instagram", "linkedin", "lnkd", "twitter", "tiktok", "pinterest", "reddit", "snapchat", "threads",
		"bsky", "youtube", "youtu", "whatsapp", "messenger", "com.facebook.katana", "com.linkedin.android":
		return social
	case "doubleclick", "googleadservices", "googlesyndication", "adform", "criteo", "taboola", "outbrain":
		return ad
	}
	switch {
	case host == "t.co" || underHost(host, "x.com") || underHost(host, "vk.com"):
		return social
	case host == "search.brave.com":
		return search
	}
	return unknown
}

// registered gives the name a company registered under a public suffix: "google" of "www.google.co.uk", "bing" of
// "bing.com", without the list of suffixes: the last label is the suffix, and so is a label before it of at most three
// letters when another one precedes it. App names ("com.facebook.katana") pass through.
func registered(host string) string {
	if strings.HasPrefix(host, "com.") {
		return host
	}
	end := strings.LastIndexByte(host, '.')
	if end < 0 {
		return host
	}
	start := strings.LastIndexByte(host[:end], '.')
	if start >= 0 && end-start-1 <= 3 {
		end = start
		start = strings.LastIndexByte(host[:end], '.')
	}
	return host[start+1 : end]
}

// maxHost is the length of the longest host there can be (RFC 1035, §2.3.4).
const maxHost = 253

// hostOf reduces a referrer to its host in lower case: no scheme, user, port, path and leading "www.". A word such as
// "search" stays as it is. It allocates only for upper case. What
// is too long to be a host is "".
func hostOf(s string) string {
	if i := strings.Index(s, "://"); i >= 0 {
		s = s[i+3:]
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		s = s[:i]
	}
	if len(s) > maxHost {
		return ""
	}
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	return strings.TrimPrefix(s, "www.")
}

// underHost reports whether host is suffix or lies below it.
func underHost(host, suffix string) bool {
	return strings.HasSuffix(host, suffix) &&
		(len(host) == len(suffix) || host[len(host)-len(suffix)-1] == '.')
}
