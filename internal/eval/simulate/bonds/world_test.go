package bonds_test

import (
	"testing"

	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
)

func TestX(t *testing.T) {
	c := bonds.Config{
		People: 1500, Seed: 1, Goods: goods(),
		Shops: []bonds.Shop{&fake{name: "care", control: 0.2}, &fake{name: "offers", always: "offer"}, &fake{name: "nothing", always: "nothing"}},
		All:   &fake{name: "all"}, None: &fake{name: "none", control: 1},
	}
	r, err := bonds.Run(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("all %+v none %+v true %.3f", r.Effect.All, r.Effect.None, r.Effect.True)
	for _, s := range r.Shops {
		t.Logf("%s %+v\n orders %d value %.0f first %d handed %d kept %.3f of %d troubles %d silently %d led %+v %.3f compared %+v %.3f alone %+v", s.Name, s.Shown, s.Orders, s.Value, s.FirstOrders, s.Handovers, s.Kept[len(s.Kept)-1], s.KeptOf,
			s.Troubles, s.Silently, s.Led, s.Led.Rate(), s.Compared, s.Compared.Rate(), s.Alone)
		for _, f := range s.Fates {
			t.Logf("%s %d %d %.1f", f.Name, f.Orders, f.Handed, f.MedianDays)
		}
		t.Log(s.Months[5], s.Months[17])
	}
}
