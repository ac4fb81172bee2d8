package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/client"
)

type itemsCmd struct {
	Import itemsImportCmd `cmd:"" help:"Write items from JSON Lines or CSV."`
	List   itemsListCmd   `cmd:"" help:"List items."`
	Get    itemsGetCmd    `cmd:"" help:"Show one item."`
	Delete itemsDeleteCmd `cmd:"" help:"Take an item out of the catalogue."`
}

type itemsListCmd struct {
	Kind  string `help:"Only this kind: content, offer or service." enum:"content,offer,service," default:""`
	Topic string `help:"Only items about this subject or below it."`
	Limit int    `help:"At most this many; 0 is all." default:"100"`
}

// Run lists items.
func (c *itemsListCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	req := &veiviserv1.ListItemsRequest{Topic: c.Topic, PageSize: 1000}
	if c.Kind != "" {
		req.Kind = veiviserv1.ItemKind(veiviserv1.ItemKind_value["ITEM_KIND_"+strings.ToUpper(c.Kind)])
	}
	if c.Limit > 0 {
		req.PageSize = int32(min(c.Limit, 1000))
	}
	out := &veiviserv1.ListItemsResponse{}
	for item, err := range cl.Items(ctx, req) {
		if err != nil {
			return err
		}
		if out.Items = append(out.Items, item); len(out.Items) == c.Limit {
			break
		}
	}
	if s.JSON {
		return s.printJSON(out)
	}
	t := table{rows: [][]string{{"item", "kind", "status", "name", "topics", "stages", ">boost"}}}
	for _, item := range out.GetItems() {
		t.add(item.GetItemId(), kindName(item.GetKind()), short(item.GetStatus().String(), "ITEM_STATUS_"), orDash(pick(item.GetName())),
			orDash(strings.Join(item.GetTopics(), " ")), orDash(strings.Join(item.GetStages(), " ")), fmt.Sprintf("%g", item.GetBoost()))
	}
	t.print(s.std.out, "")
	return nil
}

type itemsGetCmd struct {
	Item string `arg:"" help:"Which."`
}

// Run shows an item.
func (c *itemsGetCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.GetItem(ctx, &veiviserv1.GetItemRequest{ItemId: c.Item})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	printItem(s.std.out, out.GetItem())
	return nil
}

func printItem(w io.Writer, it *veiviserv1.Item) {
	fmt.Fprintf(w, "%s  %s, %s\n", it.GetItemId(), kindName(it.GetKind()), short(it.GetStatus().String(), "ITEM_STATUS_"))
	fact := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-10s %s\n", name, value)
		}
	}
	for _, l := range sortedKeys(it.GetName()) {
		fact("name "+l, it.GetName()[l])
	}
	fact("topics", strings.Join(it.GetTopics(), " "))
	fact("stages", strings.Join(it.GetStages(), " "))
	fact("journeys", strings.Join(it.GetJourneys(), " "))
	fact("audiences", strings.Join(it.GetAudiences(), " "))
	fact("segments", strings.Join(it.GetSegments(), " "))
	fact("rule", it.GetRule())
	if it.GetStartTime() != nil || it.GetEndTime() != nil {
		fact("dates", when(it.GetStartTime())+" to "+when(it.GetEndTime()))
	}
	if it.Stock != nil {
		fact("stock", fmt.Sprint(it.GetStock()))
	}
	if p := it.GetPrice(); p != nil {
		fact("price", fmt.Sprintf("%.2f %s", float64(p.GetMicros())/1e6, p.GetCurrencyCode()))
	}
	fact("levers", fmt.Sprintf("value %g, cost %g, boost %g", it.GetValue(), it.GetCost(), it.GetBoost()))
	for _, m := range []struct {
		name string
		m    map[string]string
	}{{"claim", it.GetClaims()}, {"attribute", it.GetAttributes()}} {
		for _, k := range sortedKeys(m.m) {
			fact(m.name, k+" = "+m.m[k])
		}
	}
	t := table{rows: [][]string{{"format", "language", "title", "url"}}}
	for _, r := range it.GetRepresentations() {
		t.add(r.GetFormat(), orDash(r.GetLanguage()), orDash(r.GetTitle()), orDash(r.GetUrl()))
	}
	t.print(w, "  ")
	fact("etag", it.GetEtag())
}

type itemsDeleteCmd struct {
	Item string `arg:"" help:"Which."`
	Etag string `help:"Delete only if it has this etag still."`
}

// Run deletes an item.
func (c *itemsDeleteCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.DeleteItem(ctx, &veiviserv1.DeleteItemRequest{ItemId: c.Item, Etag: c.Etag})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	fmt.Fprintln(s.std.out, "deleted", c.Item)
	return nil
}

// upsert writes a batch and says which positions were rejected and why.
func upsert(ctx context.Context, cl *client.Client, items []*veiviserv1.Item) (created, updated int, rejected map[int]string, err error) {
	out, err := cl.UpsertItems(ctx, &veiviserv1.UpsertItemsRequest{Items: items})
	if err != nil {
		return 0, 0, nil, err
	}
	rejected = make(map[int]string)
	for i, r := range out.GetResults() {
		switch r.GetStatus() {
		case veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_CREATED:
			created++
		case veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_UPDATED:
			updated++
		default:
			text := r.GetMessage()
			if _, field, ok := strings.Cut(r.GetField(), "]."); ok && !strings.HasPrefix(text, field) { // the line stands for items[3]
				text = field + ": " + text
			}
			rejected[i] = reasonName(r.GetReason()) + ": " + text
		}
	}
	return created, updated, rejected, nil
}
