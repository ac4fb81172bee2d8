package app

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// BenchmarkRecommendPolicy is Recommend under a plan with 160 caps and 40 rules, beside the sample plan without its caps: what
// keeping promises costs. Windows are short, so that a visitor who asks several times a second has dozens of contacts that count,
// and not thousands.
func BenchmarkRecommendPolicy(b *testing.B) {
	url, name := benchRedis(b)
	visitors, _ := benchScale()
	for _, items := range benchSizes() {
		strict := newServiceOf(b, url, policyPlan(b, 160, 40), items, visitors)
		free := newServiceOf(b, url, policyPlan(b, 0, 0), items, visitors)
		for _, callers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/items=%d/callers=%d", name, items, callers), func(b *testing.B) {
				compare(b, strict.scope, strict.side(b, callers), free.side(b, callers), callers)
			})
		}
	}
}

// policyPlan writes the sample plan with so many caps in place of its own, and so many rules of items more.
func policyPlan(b *testing.B, caps, rules int) string {
	b.Helper()
	p := planpbtest.Bundle(b, "sykkel")
	p.Contact = &veiviserv1.ContactPolicy{}
	for i := range caps {
		p.Contact.Caps = append(p.Contact.Caps, someCap(i))
	}
	for i := range rules {
		p.Items = append(p.Items, &veiviserv1.Item{
			ItemId: fmt.Sprintf("rule-%02d", i), Kind: veiviserv1.ItemKind_ITEM_KIND_CONTENT, Topics: []string{subjects[i%len(subjects)]},
			Rule:            fmt.Sprintf("visitor.visits > %d && visit.count('view') < %d", i%7, 40+i),
			Representations: []*veiviserv1.Representation{{Format: "card", Language: "nb", Title: "Regel"}},
		})
	}
	text, err := planpb.Marshal(p)
	if err != nil {
		b.Fatal(err)
	}
	out := b.TempDir()
	if err := os.WriteFile(filepath.Join(out, "plan.yaml"), text, 0o600); err != nil {
		b.Fatal(err)
	}
	return out
}

// someCap is one of many caps as plans have them: by topic, kind, channel and placement, for each item or in all.
func someCap(i int) *veiviserv1.Cap {
	kinds := []veiviserv1.ItemKind{
		veiviserv1.ItemKind_ITEM_KIND_CONTENT, veiviserv1.ItemKind_ITEM_KIND_OFFER, veiviserv1.ItemKind_ITEM_KIND_SERVICE,
	}
	c := &veiviserv1.Cap{
		Id: fmt.Sprintf("cap-%03d", i), Limit: int32(20 + i%80), Window: durationpb.New(time.Duration(1+i%3) * time.Second),
		Topics: []string{subjects[i%len(subjects)]},
	}
	switch i % 5 {
	case 0:
		c.Per = "item"
	case 1:
		c.Kinds = kinds[i%3 : i%3+1]
	case 2:
		c.Channels = []string{[]string{"web", "app", "mail"}[i/5%3]}
	case 3:
		c.Placements = []string{"product_side", "home_hero"}
		c.Kinds = kinds[i%3 : i%3+1]
	default:
		c.Topics = nil
	}
	return c
}
