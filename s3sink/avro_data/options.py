"""How schemas are mapped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """What of the mapping between Avro and Connect can be chosen, under the names that connector files use.

    - `enhanced_avro_schema_support`: enums stay enums on the way to Avro, branches of unions go by their full names
    - `connect_meta_data`: each side keeps what only it can say (name, version, doc, parameters, default) in the other
    - `scrub_invalid_names`: characters that Avro does not allow in names are replaced
    - `allow_optional_map_keys`: maps with optional text keys are Avro maps
    - `flatten_singleton_unions`: a union of one is that one
    - `discard_type_doc_default`: doc and default are taken from the field alone
    - `generalized_sum_type_support`: unions and enums in a form that other formats share
    - `ignore_default_for_nullables`: null stays null on the way to Avro where its schema has a default
    """

    enhanced_avro_schema_support: bool = False
    connect_meta_data: bool = True
    scrub_invalid_names: bool = False
    allow_optional_map_keys: bool = False
    flatten_singleton_unions: bool = True
    discard_type_doc_default: bool = False
    generalized_sum_type_support: bool = False
    ignore_default_for_nullables: bool = False
