package app_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/app"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// planted are the marks of one person. What she is called and says of herself must be gone when she is erased; which
// things she met (items, subjects) is in the outbox without her until the learner has read it.
type planted struct {
	id, other, said, thing string
}

// marks gives what must not be found: of every identity the text itself and the hash that keys are made of.
func (p *planted) marks(tenant string) map[string][]byte {
	out := map[string][]byte{"what she said": []byte(p.said)}
	for what, id := range map[string]string{"her identity": p.id, "her other identity": p.other} {
		sum := sha256.Sum256([]byte(tenant + "\x00" + id))
		out[what] = []byte(id)
		out[what+", hashed"] = sum[:16]
		out[what+", hashed, as text"] = []byte(base64.RawURLEncoding.EncodeToString(sum[:16]))
	}
	return out
}

// found lists which marks lie in b.
func found(b []byte, marks map[string][]byte) []string {
	var list []string
	for what, m := range marks {
		if bytes.Contains(b, m) {
			list = append(list, what)
		}
	}
	return list
}

// After a person is erased nothing in Redis, its append-only file, the log, the metrics or the traces tells what she was: not
// her identities, not what she said, wished, agreed to or met, not the hashes that keys are made of, in no key, value, stream
// entry or snapshot. The names of tombstones alone hold a hash.
func TestOpsEraseLeavesNothing(t *testing.T) {
	r := ownRedis(t, "--appendonly", "yes")
	r.start()
	cfg := settings(r.url())
	traces := collector(t)
	cfg.OTLPEndpoint, cfg.TraceRatio = traces.addr, 1
	log := &shared{}
	a, err := app.Start(t.Context(), cfg, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		if err := a.Stop(); err != nil {
			t.Error(err)
		}
	})
	defer stop()
	s := connect(t, a)
	p := &planted{id: "id-" + rand.Text(), other: "other-" + rand.Text(), said: "said-" + rand.Text(), thing: "thing-" + rand.Text()}
	marks := p.marks(cfg.Tenant)
	thing := map[string][]byte{"a thing she met": []byte(p.thing)}
	live(t, s, p)
	before := found(r.dump(), marks)
	t.Logf("before: %v", before)
	if len(before) != len(marks)-2 { // the hashes are written as text alone
		t.Errorf("found only %v of %d marks: the test is blind", before, len(marks))
	}
	out, err := s.visits.EraseVisitor(t.Context(), &veiviserv1.EraseVisitorRequest{VisitorId: p.other})
	if err != nil || !out.GetFound() {
		t.Fatal(out, err)
	}
	unread := maps.Clone(marks) // a line that says when her next order was promised is found by a hash until the learner has read it
	maps.DeleteFunc(unread, func(mark string, _ []byte) bool { return strings.Contains(mark, "hashed") })
	if left := found(p.buried(r.dump(), cfg.Tenant), unread); len(left) > 0 {
		t.Errorf("after she was erased Redis holds %v", left)
	}
	for end := time.Now().Add(patience); len(found(r.dump(), thing)) > 0 && time.Now().Before(end); { // until the learner has looked
		time.Sleep(200 * time.Millisecond)
	}
	if left := append(found(p.buried(r.dump(), cfg.Tenant), marks), found(r.dump(), thing)...); len(left) > 0 {
		t.Errorf("after all was learned Redis holds %v", left)
	}
	file := p.buried(r.rewritten(), cfg.Tenant)
	if left := append(found(file, marks), found(file, thing)...); len(left) > 0 || len(file) == 0 {
		t.Errorf("the append-only file of %d bytes holds %v", len(file), left)
	}
	_, metrics := get(t, a, "/metrics")
	all := p.marks(cfg.Tenant)
	all["a thing she met"] = []byte(p.thing)
	if left := found([]byte(log.String()), all); len(left) > 0 {
		t.Errorf("the log holds %v", left)
	}
	if left := found([]byte(metrics), all); len(left) > 0 {
		t.Errorf("the metrics hold %v", left)
	}
	for _, id := range []string{p.id, p.other} {
		if _, err := s.visits.GetVisitor(t.Context(), &veiviserv1.GetVisitorRequest{VisitorId: id}); err == nil {
			t.Error("she is still known")
		}
	}
	late := &veiviserv1.Event{EventId: "late", VisitorId: p.other, Type: "view", Subject: p.thing, Time: timestamppb.New(time.Now().Add(-time.Minute))}
	refused, err := s.visits.RecordEvents(t.Context(), &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{late}})
	if err != nil || refused.GetResults()[0].GetReason() != veiviserv1.ErrorReason_ERROR_REASON_ERASED {
		t.Errorf("a late event: %v, %v", refused, err)
	}
	stop() // what is traced is sent at the end
	if left := found(traces.bytes(), all); len(left) > 0 || len(traces.bytes()) == 0 {
		t.Errorf("the traces, %d bytes, hold %v", len(traces.bytes()), left)
	}
}

// buried is what is left of b without the names of tombstones of hers.
func (p *planted) buried(b []byte, tenant string) []byte {
	for _, name := range p.names(tenant) {
		b = bytes.ReplaceAll(b, []byte("}:t:"+name), nil)
	}
	return b
}

// takeStand makes every call about what stands between a person and the shop.
func takeStand(ctx context.Context, s *services, p *planted) error {
	for i, id := range []string{p.id, p.other} {
		for _, d := range []*veiviserv1.Directive{
			{Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_MUTE_ITEM, Target: fmt.Sprint(p.said, i)},
			{Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_MUTE_ITEM, Target: p.said, Subject: p.thing},
			{Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_CORRECT_STAGE, Target: "search", Subject: p.thing},
		} {
			if _, err := s.visits.SetDirective(ctx, &veiviserv1.SetDirectiveRequest{VisitorId: id, Directive: d}); err != nil {
				return err
			}
		}
		for _, purpose := range []string{"personalization", "marketing_mail"} {
			c := &veiviserv1.Consent{Purpose: purpose, Granted: true, Version: p.said, Source: p.said}
			if _, err := s.visits.SetConsent(ctx, &veiviserv1.SetConsentRequest{VisitorId: id, Consent: c}); err != nil {
				return err
			}
		}
		var events []*veiviserv1.Event
		for _, typ := range []string{"purchase", "delivery_failed", "complaint"} {
			events = append(events, &veiviserv1.Event{
				EventId: p.said + typ, VisitorId: id, Type: typ, Subject: p.thing, Value: 499, Attributes: map[string]string{"order": p.said},
			})
		}
		if _, err := s.visits.RecordEvents(ctx, &veiviserv1.RecordEventsRequest{Events: events}); err != nil {
			return err
		}
	}
	return nil
}

// live makes every call that is about a person.
func live(t *testing.T, s *services, p *planted) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	about := &veiviserv1.VisitContext{
		Channel: "web", Page: "/" + p.said, Query: p.said, Referrer: "https://" + p.said + ".example/", Subject: p.thing,
		Attributes: map[string]string{p.said: p.said},
	}
	event := func(id, visitor string) *veiviserv1.Event {
		return &veiviserv1.Event{
			EventId: p.said + id, VisitorId: visitor, Type: "view", Subject: p.thing, ItemId: p.thing,
			Attributes: map[string]string{"visitor." + p.said: p.said, "page": "/" + p.said, "query": p.said},
		}
	}
	places := []*veiviserv1.PlacementRequest{{Placement: "home_hero"}, {Placement: "product_side", ExcludeItemIds: []string{p.thing}}}
	var decision string
	for i, id := range []string{p.id, p.other} {
		out, err := s.decisions.Recommend(ctx, &veiviserv1.RecommendRequest{
			VisitorId: id, Context: about, Events: []*veiviserv1.Event{event(fmt.Sprint("along", i), id)}, Placements: places, Explain: true,
		})
		ok(err)
		decision = out.GetDecisions()[1].GetDecisionId()
		_, err = s.decisions.ExplainDecision(ctx, &veiviserv1.ExplainDecisionRequest{DecisionId: decision})
		ok(err)
		outcome := event(fmt.Sprint("outcome", i), id)
		outcome.Type, outcome.DecisionId = "click", decision
		_, err = s.visits.RecordEvents(ctx, &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{event(fmt.Sprint("batch", i), id), outcome}})
		ok(err)
		stream, err := s.visits.StreamEvents(ctx)
		ok(err)
		ok(stream.Send(&veiviserv1.StreamEventsRequest{Event: event(fmt.Sprint("stream", i), id)}))
		_, err = stream.Recv()
		ok(err)
		ok(stream.CloseSend())
	}
	ok(takeStand(ctx, s, p))
	watch, stop := context.WithCancel(ctx)
	seen, err := s.decisions.WatchRecommendations(watch, &veiviserv1.WatchRecommendationsRequest{VisitorId: p.id, Context: about, Placements: []string{"home_hero"}})
	ok(err)
	_, err = seen.Recv()
	ok(err)
	stop()
	_, err = s.visits.LinkVisitors(ctx, &veiviserv1.LinkVisitorsRequest{VisitorId: p.id, LinkedVisitorIds: []string{p.other}})
	ok(err)
	_, err = s.visits.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{VisitorId: p.other})
	ok(err)
	export, err := s.visits.ExportVisitor(ctx, &veiviserv1.ExportVisitorRequest{VisitorId: p.id})
	ok(err)
	if v := export.GetVisitor().GetStanding(); len(v.GetDirectives()) != 4 || len(v.GetConsents()) != 4 || v.GetDirectives()[0].GetTarget() != p.said+"0" {
		t.Errorf("the export does not tell what she wished and agreed to: %v", v)
	}
	if !strings.Contains(export.String(), p.said) || len(export.GetDecisions()) < 4 {
		t.Errorf("the export is not complete: %d decisions", len(export.GetDecisions()))
	}
	if _, err := s.recommend(ctx, p.other); err != nil {
		t.Fatal(err)
	}
}
