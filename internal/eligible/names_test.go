package eligible_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// full are rules that hold for someFacts, at least one for every name and function.
var full = []string{
	"visitor.known", "visitor.visits == 4", "visitor.events == 31", "visitor.value == 1200.5", "visitor.value > 1200",
	"now - visitor.first_seen == duration('900h')", "now - visitor.last_seen == duration('1s')",
	"visitor.attributes.country == 'NO'", "'class' in visitor.attributes", "size(visitor.attributes) == 2",
	"visitor.attributes.map(k, k) == ['class', 'country']", "has(visitor.attributes.country)", "!has(visitor.attributes.town)",
	"visitor.counts.view == 27", "visitor.counts['compare'] == 3", "visitor.counts.exists(t, visitor.counts[t] == 27)",
	"visitor.linked == 2", "visitor.account == 'acme'", "visitor.role == 'buyer'", "need.account",
	"visitor.phase == 'waiting'", "visitor.source == 'search'", "visitor.rung == 'rider'", "visitor.tier == 'everyday'",
	"visitor.open_cases == 2",
	"visit.start == timestamp('2026-11-22T12:29:15Z')", "visit.events == 6", "visit.depth == 6",
	"visit.channel == 'app'", "visit.device == 'phone'", "visit.language == 'nb'", "visit.locale == 'nn-NO'",
	"visit.referrer == 'search'", "visit.page == '/bikes/fjell-29'", "visit.query == 'old'", "visit.subject == 'bike/ebike'",
	"visit.attributes.weather == 'rain'", "visit.attributes != visitor.attributes", "visit.attributes == visit.attributes",
	"need.journey == 'considered'", "need.subject == visit.subject", "need.stage == 'weigh'", "need.standard == 'evaluate'",
	"!need.unsure", "need.new", "need.events == 12", "now - need.started == duration('48h')", "now - need.updated == duration('1h')",
	"need.audience == 'customer'",
	"item.id == 'fjell-29'", "item.kind == 'offer'", "item.topics == ['bike/ebike', 'service']", "'purchase' in item.stages",
	"need.standard in item.stages", "item.value == 90.0", "item.cost == 2.5", "item.boost < 0", "item.price == 29990.5",
	"item.currency == 'NOK'", "item.stock == 3", "int(item.claims.range_km) > 100", "item.attributes['colour'] == 'red'",
	"now == timestamp('2026-11-22T12:30:15Z')", "now.getHours() == 12", "now.getHours('Europe/Oslo') == 13",
	"now.getHours('-03:30') == 9", "now.getDayOfWeek('UTC') == 0", "now.getMonth('UTC') == now.getMonth()",
	"now.getFullYear('UTC') == 2026", "now.getDayOfYear('UTC') == now.getDayOfYear()", "now.getDate('UTC') == 22",
	"now.getDayOfMonth('UTC') == 21", "now.getMinutes('+05:30') == 0", "now.getSeconds('UTC') == 15", "now.getMilliseconds('UTC') == 0",
	"visitor.count('view') == 27", "visitor.count('return') == 0", "visit.count('view') == 5", "visit.count('purchase') == 0",
	"visitor.since('purchase') == duration('100h')", "visitor.since('return') == duration('876000h')",
	"visitor.since('review') == duration('0s')",
	"visitor.met('fjell-29') == 2", "visitor.met('bike') == 7", "visitor.met('') == 0", "visitor.met('other') == 0",
	"need.p('evaluate') == 0.7", "need.p('weigh') == 0.7", "need.p('search') == 0.3", "need.p('nowhere') == 0.0",
	"visit.attributes.get('weather') == 'rain'", "visit.attributes.get('country') == ''",
	"visit.page.matches('^/bikes/[a-z]+-[0-9]+$')", "item.topics.filter(t, t.startsWith('bike')).size() == 1",
	"item.topics.exists(t, ['bike', 'car'].exists(r, t.startsWith(r)))", "item.topics.exists_one(t, t == 'service')",
	"item.topics.all(t, t != '')", "string(visitor.visits) + '!' == '4!'", "visitor.known ? item.cost < 3 : item.cost < 1",
}

// empty are rules that hold for no facts at all, one for every name.
var empty = []string{
	"!visitor.known", "visitor.visits == 0", "visitor.events == 0", "visitor.value == 0.0", "visitor.first_seen == timestamp(0)",
	"visitor.last_seen.getFullYear() == 1970", "visitor.attributes.size() == 0", "visitor.counts.size() == 0", "visitor.linked == 0",
	"visitor.account == ''", "visitor.role == ''", "!need.account",
	"visitor.phase == 'prospect'", "visitor.source == ''", "visitor.rung == ''", "visitor.tier == ''", "visitor.open_cases == 0",
	"visit.start == timestamp(0)", "visit.events == 0", "visit.depth == 0", "visit.channel == ''", "visit.device == ''",
	"visit.language == ''", "visit.locale == ''", "visit.referrer == ''", "visit.page == ''", "visit.query == ''",
	"visit.subject == ''", "visit.attributes.size() == 0",
	"need.journey == ''", "need.subject == ''", "need.stage == ''", "need.standard == ''", "need.unsure", "!need.new",
	"need.events == 0", "need.started == timestamp(0)", "need.updated == timestamp(0)", "need.audience == ''",
	"item.id == ''", "item.kind == ''", "item.topics == []", "item.stages == []", "item.value == 0.0", "item.cost == 0.0",
	"item.boost == 0.0", "item.price == 0.0", "item.currency == ''", "item.stock == 0", "item.claims.size() == 0",
	"item.attributes == item.claims", "now == timestamp(0)",
	"visitor.count('view') == 0", "visit.count('view') == 0", "visitor.since('view') > duration('800000h')", "visitor.met('x') == 0",
	"need.p('evaluate') == 0.0", "item.attributes.get('x') == ''",
}

func TestNames(t *testing.T) {
	c := compiler(t)
	for name, tt := range map[string]struct {
		facts *eligible.Facts
		rules []string
	}{
		"full":   {someFacts(), full},
		"empty":  {&eligible.Facts{}, empty},
		"zeroes": {&eligible.Facts{Visitor: &veiviser.Visitor{}, Context: &veiviser.Context{}, Need: &veiviser.NeedView{}}, empty},
		"unlimited": {&eligible.Facts{Item: &veiviser.Item{}}, []string{
			"item.stock == 1000000000000", "item.price == 0.0", "item.currency == ''",
		}},
		"stored visit": {&eligible.Facts{Visitor: someFacts().Visitor}, []string{
			"visit.channel == 'web'", "visit.language == 'sv'", "visit.locale == 'sv-SE'", "visit.page == '/old'",
		}},
		"first answer":    {&eligible.Facts{Visitor: &veiviser.Visitor{}, Source: "ad"}, []string{"visitor.source == 'ad'"}},
		"source is known": {&eligible.Facts{Visitor: someFacts().Visitor, Source: "ad"}, []string{"visitor.source == 'search'"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, source := range tt.rules {
				rule, err := c.Compile(source)
				if err != nil {
					t.Errorf("%s: %v", source, err)
					continue
				}
				if ok, err := rule.Eval(tt.facts); err != nil || !ok {
					t.Errorf("%s = %v, %v; want true", source, ok, err)
				}
			}
		})
	}
}

// The package doc lists exactly the names and functions there are, and both tables above try every one.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile(`(?m)^//\t((?:visitor|visit|need|item)\.\w+|now)(?:\(\w+\))?  `).FindAllStringSubmatch(string(doc), -1) {
		documented = append(documented, m[1])
	}
	if diff := cmp.Diff(eligible.Words(compiler(t)), documented, cmp.Transformer("set", set)); diff != "" {
		t.Errorf("the package doc differs from the names there are (-are +documented):\n%s", diff)
	}
	for name, rules := range map[string][]string{"full": full, "empty": empty} {
		all := strings.Join(rules, " ")
		for _, w := range documented {
			if !strings.Contains(all, w) {
				t.Errorf("%s: no rule for %s", name, w)
			}
		}
	}
}

func set(words []string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

// Facts beyond the bounds read as far as the bounds go.
func TestClipped(t *testing.T) {
	long := strings.Repeat("ø", 600)
	var topics []string
	attributes := map[string]string{}
	for i := range 100 {
		topics = append(topics, long)
		attributes[strings.Repeat("k", i+1)] = long
	}
	facts := &eligible.Facts{
		Context: &veiviser.Context{Page: "x" + long, Attributes: attributes},
		Item:    &veiviser.Item{Topics: topics},
		Now:     time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	c := compiler(t)
	for _, source := range []string{
		"visit.page.size() == 256", "item.topics.size() == 64", "item.topics[0].size() == 256", "visit.attributes.size() == 64",
		"visit.attributes.k.size() == 256", "visit.attributes.all(k, k.size() <= 64)", "now == timestamp(0)",
	} {
		rule, err := c.Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := rule.Eval(facts); err != nil || !ok {
			t.Errorf("%s = %v, %v; want true", source, ok, err)
		}
	}
	if len(topics[0]) != len(long) {
		t.Error("evaluation changed the item")
	}
}
