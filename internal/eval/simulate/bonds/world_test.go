package bonds_test

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
)

var update = flag.Bool("update", false, "rewrite golden files")

// config is a small audience before the fakes.
func config(seed uint64) bonds.Config {
	return bonds.Config{
		People: 300, Seed: seed, Goods: goods(), Rungs: []string{"friend"}, Tiers: []string{"good"},
		Shops: []bonds.Shop{&fake{name: "care", control: 0.2}, &fake{name: "offers", always: "offer"}, &fake{name: "silent", always: "nothing"}},
		All:   &fake{name: "all"}, None: &fake{name: "none", control: 1},
	}
}

func run(tb testing.TB, c bonds.Config) *bonds.Result {
	tb.Helper()
	r, err := bonds.Run(tb.Context(), c, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestSameSeedSameBytes(t *testing.T) {
	once := func(seed uint64, workers int) string {
		c := config(seed)
		c.Workers = workers
		var b bytes.Buffer
		r := run(t, c)
		if err := r.JSON(&b); err != nil {
			t.Fatal(err)
		}
		if err := r.HTML(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := once(1, 1)
	if first != once(1, 3) {
		t.Error("the same seed gives another result with more workers")
	}
	if first == once(2, 1) {
		t.Error("another seed gives the same result")
	}
}

func TestTruthIsFound(t *testing.T) {
	c := config(3)
	c.People = 1500
	r := run(t, c)
	care, offers, silent := &r.Shops[0], &r.Shops[1], &r.Shops[2]
	if e := &r.Effect; e.True < 0.08 || e.True > 0.35 {
		t.Errorf("leading back brings %.3f, not about a fifth", e.True)
	}
	if found := care.Led.Rate() - care.Compared.Rate(); math.Abs(found-r.Effect.True) > 0.15 {
		t.Errorf("the control finds %.3f where %.3f is true", found, r.Effect.True)
	}
	kept := func(s *bonds.ShopResult) float64 { return s.Kept[len(s.Kept)-1] }
	if !(kept(care) > kept(silent)-0.02 && kept(silent) > kept(offers)+0.02) {
		t.Errorf("care keeps %.3f, silence %.3f, offers always %.3f", kept(care), kept(silent), kept(offers))
	}
	if offers.Shown.OffersInCase != offers.Shown.VisitsInCase || offers.Shown.OffersBeforeRight != offers.Shown.VisitsBeforeRight {
		t.Errorf("always offers, but %+v", offers.Shown)
	}
	oracle := &r.Shops[3]
	if oracle.Name != "oracle" || oracle.Orders < care.Orders || oracle.Shown.OffersInCase+oracle.Shown.OffersBeforeRight > 0 {
		t.Errorf("who knows everything has %d orders, care %d; %+v", oracle.Orders, care.Orders, oracle.Shown)
	}
	for _, f := range care.Fates {
		if f.Orders == 0 || f.Handed < f.Orders-2 { // somebody may still wait in the end
			t.Errorf("%s: %d of %d first orders handed over", f.Name, f.Handed, f.Orders)
		}
	}
}

// Where steps do nothing, leading back truly brings nothing: the very same people do the very same.
func TestNothingWorksNothingIsTrue(t *testing.T) {
	c := config(4)
	c.Truth = bonds.TruthOfSample()
	c.Truth.StepWish, c.Truth.StepFactor, c.Truth.StepStay, c.Truth.RungFactor = 0, 1, 1, 1
	r := run(t, c)
	if e := &r.Effect; !e.Known || e.True != 0 || e.All != e.None || e.All.People == 0 {
		t.Errorf("nothing works, and the effect is %+v", e)
	}
	if care, silent := &r.Shops[0], &r.Shops[2]; care.FirstOrders != silent.FirstOrders {
		t.Errorf("the same people order first %d times and %d times", care.FirstOrders, silent.FirstOrders)
	}
}

func TestPageNeedsNothingElse(t *testing.T) {
	c := config(5)
	c.Title, c.Days = `<b>"quoted"</b>`, 120
	var page, text bytes.Buffer
	r := run(t, c)
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "http://", "https://", "<link", "<b>\"", "<b>&#34;", "NaN", "Inf", "ZgotmplZ"} {
		if strings.Contains(strings.ReplaceAll(page.String(), "http://www.w3.org/2000/svg", ""), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	r.Text(&text)
	if !strings.Contains(text.String(), "oracle") || !strings.Contains(text.String(), "Leading people back truly brings") {
		t.Errorf("the text says\n%s", text.String())
	}
}

func TestText(t *testing.T) {
	c := config(7)
	c.Title, c.Source = "Relationships under fakes", "no placement"
	var b bytes.Buffer
	run(t, c).Text(&b)
	golden := filepath.Join("testdata", "text.golden")
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the text is another (-want +got):\n%s", diff)
	}
}

func TestRefuses(t *testing.T) {
	for name, change := range map[string]func(c *bonds.Config){
		"no shop":      func(c *bonds.Config) { c.Shops = nil },
		"few days":     func(c *bonds.Config) { c.Days = 89 },
		"no people":    func(c *bonds.Config) { c.People = -1 },
		"unknown item": func(c *bonds.Config) { c.Goods = c.Goods[1:] },
	} {
		c := config(6)
		c.People = 50
		change(&c)
		if _, err := bonds.Run(t.Context(), c, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
