package eligible_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// hugeFacts are facts as large as they can be, and alike for as long as they can be.
func hugeFacts() *eligible.Facts {
	long := func(i int) string { return strings.Repeat("a", 508) + fmt.Sprintf("%04d", i) }
	f := &eligible.Facts{
		Visitor: &veiviser.Visitor{Attributes: map[string]string{}},
		Context: &veiviser.Context{
			Channel: long(1), Device: long(1), Language: long(1), Referrer: long(1), Page: long(1), Query: long(1),
			Subject: long(1), Attributes: map[string]string{},
		},
		Need: &veiviser.NeedView{Need: veiviser.Need{Journey: long(1), Subject: long(1)}, Stage: long(1)},
		Item: &veiviser.Item{ID: long(1)},
		Now:  now(),
	}
	for i := range eligible.MaxEntries {
		s := long(i)
		f.Visitor.Attributes[s], f.Context.Attributes[s] = s, s
		f.Visitor.Counts = append(f.Visitor.Counts, veiviser.TypeCount{Type: s, Count: 1, Last: now()})
		f.Visitor.Recent = append(f.Visitor.Recent, veiviser.Seen{ItemID: s, Subject: s, Count: 1})
		f.Need.Stages, f.Need.P = append(f.Need.Stages, s), append(f.Need.P, 0)
		f.Item.Topics = append(f.Item.Topics, s)
		f.Item.Stages = append(f.Item.Stages, veiviser.StandardStage(s))
	}
	f.Item.Claims, f.Item.Attributes = f.Visitor.Attributes, f.Visitor.Attributes
	return f
}

// TestRefused holds rules that cost too much at any price, finding 10 of the fault catalogue first.
func TestRefused(t *testing.T) {
	c := compiler(t)
	chain := func(n int, step string) string {
		return "['0123456789']" + strings.Repeat(step, n) + ".exists(y, y == '')"
	}
	for name, tt := range map[string]struct{ source, want string }{
		"three loops":      {"item.topics.all(a, item.topics.all(b, item.topics.all(c, a != b + c)))", "nested more than 2 deep"},
		"two loops":        {"item.topics.all(a, item.topics.all(b, a != b))", "this rule can cost too much (estimate "},
		"big literal loop": {"[" + strings.Repeat("1,", 300) + "1].all(a, [" + strings.Repeat("1,", 300) + "1].all(b, a != b))", "cost too much (estimate"},
		"replace":          {"visit.page.replace('a', visit.query) == ''", `unknown function "replace"`},
		"split":            {"visit.page.split('').size() > 1", `unknown function "split"`},
		"join":             {"item.topics.join() == ''", `unknown function "join"`},
		"doubling":         {chain(9, ".map(x, x + x)"), "cost too much (estimate without bound"},
		"deep doubling":    {chain(40, ".map(x, x + x)"), "nested more than 32 deep"},
		"joining":          {strings.Repeat("visit.page + ", 100) + "'' == ''", "nested too deep"},
		"some joining":     {strings.Repeat("visit.page + ", 8) + "'' == ''", "cost too much (estimate without bound"},
		"list doubling":    {"[1].map(x, [x] + [x]).size() > 0", "a list cannot hold lists"},
		"parentheses":      {strings.Repeat("(", 900) + "true" + strings.Repeat(")", 900), "nested too deep"},
		"brackets":         {strings.Repeat("[", 900) + strings.Repeat("]", 900) + " == []", "nested too deep"},
		"negations":        {strings.Repeat("!", 2000) + "true", ""},
		"minuses":          {strings.Repeat("- ", 900) + "1 == 1", ""},
		"indexes":          {"[1]" + strings.Repeat("[0]", 600) + " == 1", ""},
		"selects":          {"visit.attributes" + strings.Repeat(".a", 900) + " == ''", ""},
		"ternaries":        {strings.Repeat("true ? true : ", 140) + "false", ""},
		"unclosed":         {strings.Repeat("{[(", 600), ""},
		"huge":             {"'" + strings.Repeat("a", 100_000) + "' == ''", "the rule is 100008 bytes long, at most 2048 are allowed"},
		"repeats":          {"visit.page.matches('(a{100}){10}')", "the pattern "},
		"optional repeats": {"visit.page.matches('(a?){50}a{50}')", "the pattern needs"},
		"long pattern":     {"visit.page.matches('" + strings.Repeat("a", 300) + "')", "the pattern is 300 bytes long"},
		"pattern in loop":  {"item.topics.exists(t, t.matches('(a|aa)+b'))", "cost too much (estimate"},
	} {
		t.Run(name, func(t *testing.T) {
			rule, err := c.Compile(tt.source)
			if took := fastest(20*time.Millisecond, func() { _, _ = c.Compile(tt.source) }); took > 20*time.Millisecond && !raced.On {
				t.Errorf("refusing took %v", took)
			}
			switch {
			case err == nil && tt.want == "":
				assertBounded(t, rule, hugeFacts()) // what is accepted must be harmless
			case err == nil:
				t.Fatalf("accepted at a cost of %d", rule.Cost())
			case !strings.Contains(err.Error(), tt.want):
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestWorst repeats each costly expression until the rule is just about accepted.
func TestWorst(t *testing.T) {
	if raced.On {
		t.Skip("the race detector multiplies time and memory")
	}
	c, facts := compiler(t), hugeFacts()
	for _, atom := range []string{
		"visit.page == 'x'", "visitor.known", "visit.attributes['a'] == 'b'", "int(visit.page) == 1",
		"item.topics != item.topics.filter(t, true)", "item.claims != visit.attributes", "visit.page.contains(visit.query + 'b')",
		"item.topics.exists(t, t == visit.page + 'x')", "item.topics.exists(t, visit.attributes[t + 'x'] == 'b')",
		"item.topics.exists(t, visit.attributes[t] == 'b')", "item.topics.exists(t, visit.attributes.get(t) == 'b')",
		"item.topics.exists(t, visitor.count(t) == 1000)", "item.topics.exists(t, visitor.met(t) == 1000)",
		"item.topics.exists(t, need.p(t) > 0.5)", "item.topics.exists(t, item.topics == [])",
		"item.topics.exists(t, item.topics[0] == '')", "item.topics.exists(t, size(item.stages) == 0)",
		"item.topics.exists(t, size(visit.attributes) == 0)", "item.topics.exists(t, size(t) == 0)",
		"item.topics.exists(t, t.contains('aaaaaaab'))", "item.topics.exists(t, t.endsWith('x'))", "item.topics.exists(t, 1/0 == 1)",
		"item.topics.exists(t, string(now) == '')", "item.topics.exists(t, string(item.price) == '')",
		"item.topics.exists(t, int(t) == 1)", "item.topics.exists(t, double(t) == 1.0)", "item.topics.exists(t, bool(t))",
		"item.topics.exists(t, duration(t) == duration('1s'))", "item.topics.exists(t, timestamp(t) == now)",
		"item.topics.exists(t, now.getHours('Europe/Oslo') == 100)", "item.topics.exists(t, 'x' in item.stages)",
		"visit.attributes.exists(k, false)", "size(item.topics.map(l, l + l)) == 0", "[1, 2].exists(k, item.topics.filter(l, true) == [])",
		"visit.page.matches('(a+)+$')", "visit.page.matches('(a|aa)+b')", "visit.page.matches('(.*)(.*)(.*)(.*)(.*)(.*)(.*)b')",
		"(visit.page + visit.page + visit.page).matches('(a|aa)+b')", "(visit.page + visit.page + visit.page == '')",
		"[1,2,3,4,5,6,7,8].exists(x, [1,2,3,4,5,6,7,8].exists(y, x + y == 1000))",
		"[1,2,3,4,5,6,7,8].exists(x, [1,2,3,4,5,6,7,8].exists(y, 'x' in item.attributes))",
		"[1,2,3,4,5,6,7,8].exists(x, visitor.attributes != item.claims)",
	} {
		var worst *eligible.Rule
		for source := atom; len(source) <= eligible.MaxSource; source += " || " + atom {
			rule, err := c.Compile(source)
			if err != nil {
				break
			}
			worst = rule
		}
		if worst == nil {
			t.Errorf("%s: refused even alone", atom)
			continue
		}
		assertBounded(t, worst, facts)
	}
}

// assertBounded holds an accepted rule to 5 ms, 1 MB and its own estimate.
func assertBounded(t *testing.T, rule *eligible.Rule, facts *eligible.Facts) {
	t.Helper()
	if raced.On {
		_, _ = rule.Eval(facts)
		return
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := rule.Eval(facts)
	runtime.ReadMemStats(&after)
	if err != nil && strings.Contains(err.Error(), "internal error") {
		t.Errorf("%s: %v", rule.Source(), err)
	}
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 {
		t.Errorf("%s: allocated %d bytes at a cost of %d", rule.Source(), bytes, rule.Cost())
	}
	if took := fastest(5*time.Millisecond, func() { _, _ = rule.Eval(facts) }); took > 5*time.Millisecond {
		t.Errorf("%s: took %v at a cost of %d", rule.Source(), took, rule.Cost())
	}
	if actual := eligible.Counter(rule)(facts); actual > rule.Cost() {
		t.Errorf("%s: cost %d, estimated %d", rule.Source(), actual, rule.Cost())
	}
}

// fastest is how long f takes when nothing else holds it up: the machine is shared, so what is slower than enough is
// measured again.
func fastest(enough time.Duration, f func()) time.Duration {
	took := time.Hour
	for i := 0; i < 20 && took > enough; i++ {
		began := time.Now()
		f()
		took = min(took, time.Since(began))
	}
	return took
}
