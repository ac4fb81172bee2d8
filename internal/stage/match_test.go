package stage

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestPages(t *testing.T) {
	for _, c := range []struct {
		pattern, page string
		want          bool
	}{
		{"/support", "/support", true},
		{"/support", "/support/", true},
		{"/support/", "/support", true},
		{"/support", "/support/x", false},
		{"/support/*", "/support", true},
		{"/support/*", "/support/a/b", true},
		{"/support/*", "/supporters", false},
		{"/support*", "/supporters", true},
		{"/support/*", "/support/x?from=mail#top", true},
		{"/support/*", "https://shop.example/support/x", true},
		{"/", "https://shop.example", true},
		{"/", "/", true},
		{"/", "/x", false},
		{"/*", "/", true},
		{"/*", "/x/y", true},
		{"*", "/x/y", true},
		{"*", "", false},
		{"/*", "", false},
		{"/bikes/*/reviews", "/bikes/fjell-29/reviews", true},
		{"/bikes/*/reviews", "/bikes/fjell-29/reviews/7", false},
		{"/bikes/*/reviews", "/bikes/reviews", false},
		{"/bikes/*/reviews", "/bikes//reviews", false},
		{"/bikes/*/reviews/*", "/bikes/a/reviews/7", true},
		{"/bikes/*/reviews/*", "/bikes/a/reviews", true},
		{"/bikes/*/rev*", "/bikes/a/reviews/7", true},
		{"/bikes/*/rev*", "/bikes/a/parts", false},
		{"/bikes/*/*", "/bikes/a", true},
		{"*/cart", "x/cart", true},
		{"/a*b/c", "/axb/c", false},
	} {
		m := compileMatch(&veiviser.Match{Pages: []string{c.pattern}})
		f := factsOf(map[string]string{"page": c.page})
		if got := m.holds(&f, false); got != c.want {
			t.Errorf("%q covers %q: %v, want %v", c.pattern, c.page, got, c.want)
		}
	}
}

func TestQueries(t *testing.T) {
	for _, c := range []struct {
		word, query string
		want        bool
	}{
		{"pris", "hva er PRIS på sykkel?", true},
		{"pris", "prisen", false},
		{"pris", "kampris", false},
		{"pris", "", false},
		{"*", "x", true},
		{"*", " ,", false},
		{"*", "", false},
		{"beste el sykkel", "den beste el-sykkel", true},
		{"el sykkel", "sykkel el", false},
		{"ÅPENT", "åpent nå", true},
		{"", "x", false},
		{"pris", "\xff pris\xff", true},
	} {
		m := compileMatch(&veiviser.Match{QueryWords: []string{c.word}})
		f := factsOf(map[string]string{"query": c.query})
		if got := m.holds(&f, false); got != c.want {
			t.Errorf("%q in %q: %v, want %v", c.word, c.query, got, c.want)
		}
	}
}

func TestReferrers(t *testing.T) {
	for referrer, want := range map[string]class{
		"": unknown, "search": search, "Mail": mail, "direct": direct, "internal": internal, "ad": ad, "social": social,
		"https://www.google.no/": search, "google.co.uk": search, "https://www.bing.com/search?q=x": search,
		"duckduckgo.com": search, "search.yahoo.com": search, "https://google.evil.com/": unknown, "kvasir.no": search,
		"android-app://com.google.android.googlequicksearchbox/": search, "android-app://com.google.android.gm": mail,
		"https://m.facebook.com:443/x": social, "l.instagram.com": social, "no.linkedin.com": social, "t.co": social,
		"x.com": social, "netflix.com": unknown, "mail.google.com": mail, "outlook.live.com": mail,
		"googleads.g.doubleclick.net": ad, "https://user:pw@www.Facebook.com": social, "example.no": unknown,
		"pinterest.se": social, "com": unknown, ".": unknown, "[::1]": unknown, "://": unknown,
	} {
		if got := classOf(hostOf(referrer)); got != want {
			t.Errorf("class of %q is %d, want %d", referrer, got, want)
		}
	}
	for _, c := range []struct {
		want     string
		referrer string
		holds    bool
	}{
		{"search", "https://www.google.no/", true},
		{"search", "https://shop.example/", false},
		{"blog.example", "https://a.blog.example/x", true},
		{"https://www.blog.example/", "blog.example", true},
		{"blog.example", "https://myblog.example/", false},
		{"blog.example", "", false},
		{"google.no", "https://www.google.no/", true},
	} {
		m := compileMatch(&veiviser.Match{Referrers: []string{c.want}})
		f := factsOf(map[string]string{"referrer": c.referrer})
		f.open()
		if got := m.holds(&f, false); got != c.holds {
			t.Errorf("%q covers %q: %v, want %v", c.want, c.referrer, got, c.holds)
		}
	}
}

func TestMatchConditions(t *testing.T) {
	event := &veiviser.Event{Type: "view", Channel: "web", ItemID: "i", Attributes: map[string]string{"colour": "red"}}
	past := facts{event: event, channel: "web", sameItem: true, repeat: 3, depth: 5, pause: time.Minute, returning: true}
	first := facts{event: event, channel: "web", first: true, repeat: 1, depth: 1}
	for _, c := range []struct {
		name        string
		match       veiviser.Match
		past, first bool
	}{
		{"nothing asked", veiviser.Match{}, true, true},
		{"type", veiviser.Match{Types: []string{"search", "view"}}, true, true},
		{"other type", veiviser.Match{Types: []string{"search"}}, false, false},
		{"channel", veiviser.Match{Channels: []string{"app", "web"}}, true, true},
		{"other channel", veiviser.Match{Channels: []string{"app"}}, false, false},
		{"same item", veiviser.Match{SameItem: true}, true, false},
		{"same subject", veiviser.Match{SameSubject: true}, true, false},
		{"repeat", veiviser.Match{MinRepeat: 3}, true, false},
		{"more repeats", veiviser.Match{MinRepeat: 4}, false, false},
		{"depth", veiviser.Match{MinDepth: 5, MaxDepth: 5}, true, false},
		{"less depth", veiviser.Match{MaxDepth: 4}, false, true},
		{"pause", veiviser.Match{MinPause: time.Minute, MaxPause: time.Minute}, true, false},
		{"longer pause", veiviser.Match{MinPause: time.Minute + 1}, false, false},
		{"shorter pause", veiviser.Match{MaxPause: time.Minute - 1}, false, false},
		{"returning", veiviser.Match{ReturningVisit: true}, true, false},
		{"attribute", veiviser.Match{Attributes: map[string]string{"colour": "red"}}, true, true},
		{"other attribute", veiviser.Match{Attributes: map[string]string{"colour": "red", "size": ""}}, false, false},
		{"page", veiviser.Match{Pages: []string{"*"}}, false, false},
		{"query", veiviser.Match{QueryWords: []string{"*"}}, false, false},
		{"referrer", veiviser.Match{Referrers: []string{"search"}}, false, false},
	} {
		m := compileMatch(&c.match)
		if got := m.holds(&past, false); got != c.past {
			t.Errorf("%s, with a past: %v, want %v", c.name, got, c.past)
		}
		if got := m.holds(&first, false); got != c.first {
			t.Errorf("%s, at first: %v, want %v", c.name, got, c.first)
		}
	}
}

func factsOf(attributes map[string]string) facts {
	var f facts
	f.read(&veiviser.Event{Type: "view", Attributes: attributes})
	return f
}
