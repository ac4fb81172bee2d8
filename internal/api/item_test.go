package api

import veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

// typicalItem is an item as a shop writes it.
func typicalItem() *veiviserv1.Item {
	return &veiviserv1.Item{
		ItemId: "guide/fit", Kind: veiviserv1.ItemKind_ITEM_KIND_CONTENT, Name: map[string]string{"nb": "Finn størrelsen"},
		Topics: []string{"bike"}, Stages: []string{"evaluate"},
		Representations: []*veiviserv1.Representation{{Format: "card", Language: "nb", Title: "Finn størrelsen", Url: "/guide"}},
	}
}
