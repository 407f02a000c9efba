-- The lines of a document, numbered from 1 as they are given: [{"sku", "quantity", "unitPrice"}].
CREATE OR REPLACE FUNCTION document_lines(p_lines jsonb) RETURNS TABLE (place integer, sku text, quantity integer, unit_price numeric)
LANGUAGE sql IMMUTABLE AS $$
  SELECT place::integer, line->>'sku', (line->>'quantity')::integer, (line->>'unitPrice')::numeric
  FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS lines (line, place)
$$;
