"""The words of Spanish."""

from __future__ import annotations

from ragqa.wording.record import DocumentWords, Labels, QuestionWords, Wording

WORDING = Wording(
    Labels(
        page="página {page}",
        rest="; el resto está en la página {page}",
        steps="(pasos 1 a {shown} de {total}{rest})",
        goes_on="(continúa allí)",
        see_also="Véase también: ",
        nearest="Lo más próximo es «{name}» ({place}){missing}.",
        missing=", pero sin este dato: {value}",
        same="{label} dice lo mismo. [{marker}]",
        silent="{label} no lo dice.",
        corrected="«{word}» buscado como «{taken_for}»",
        unsupported="no está en los pasajes: ",
        values={
            "reason": "motivo",
            "time": "duración",
            "length": "longitud",
            "weight": "peso",
            "temperature": "temperatura",
            "power": "potencia",
            "voltage": "tensión",
            "current": "corriente",
            "capacity": "capacidad",
            "rate": "frecuencia",
            "torque": "par de apriete",
            "pressure": "presión",
            "noise level": "nivel de ruido",
            "volume": "volumen",
            "size": "tamaño",
            "percentage": "porcentaje",
            "resolution": "resolución",
            "price": "precio",
            "colour": "color",
            "interval": "intervalo",
            "number": "número",
            "number of them": "cantidad",
            "value": "valor",
        },
    ),
    DocumentWords(
        abbreviations=r"ej|Sra|Sres|Dra|Ud|Uds|pág|págs|núm|aprox|máx|mín",
        spaced_abbreviations=r"(?<!\w)E\.\s?UU\.",
        step=r"Paso\s+",
        notes="Notas?|Advertencias?|Precauci(?:ón|ones)|Atenci(?:ón)|Avisos?|Peligro|Importante|Consejos?|Cuidado|Observaci(?:ón|ones)",
        hazards=r"\b(?:advertencia|precaución|peligro|atención|riesgo de|descargas? eléctricas?|lesi(?:ón"
        r"|ones)|nunca|bajo ningún concepto)\b",
        imperative=r"\W*(?:(?:luego|después|ahora|a continuación|por último|primero)\W+)?(?:(?:no\s+)?(?:pulse"
        r"|presione|apague|encienda|quite|saque"
        r"|coloque|abra|cierre|desconecte|conecte|limpie|compruebe|espere|inserte|seleccione|asegúrese|llene|vacíe|apriete|afloje|sustituya"
        r"|mantenga|desenchufe|enchufe|introduzca|desatornille|atornille|enjuague|deje|repita|verifique|desmonte|levante|empuje)\b"
        r"|(?:retire|gire|ajuste|instale|monte|use|lave|seque|toque|vuelva|elija) (?:el|la|los|las|de"
        r"|del|a|al|un|una)\b"
        r"|(?:pulsar|presionar|apagar|encender|quitar|retirar|colocar|abrir|cerrar|desconectar|conectar|limpiar|girar|insertar|desmontar)\b)",
        chapter="Capítulo|Apéndice|Anexo|Sección|Parte",
        caption="Figura|Tabla",
        contents="Índice|Índice de contenidos?|Contenidos?|Tabla de contenidos?|Índice de (?:figuras|tablas)",
        index="Índice alfabético|Índice analítico",
        page=r"Página|pág\.",
        pages_in_all="de",
        elsewhere=r"véase\b|vea\b|consulte\b|remítase\b|para más información",
        version="versión|revisión|edición",
        edition="edición",
        model="modelo",
        follows="est[ea]s?|esto|de lo contrario|si no|en caso contrario|sin embargo|pero|salvo|excepto"
        "|a menos que|en (?:este|ese|tal) caso",
        total="suma|promedio",
        unsaid=r"\b(?:manual|pasajes?|documento|contexto|texto|fragmentos?)\b[^.]{0,40}\bno\b[^.]{0,30}\b(?:dice\w*|menciona\w*|indica\w*|especifica\w*|describe\w*"
        r"|proporciona\w*|información|(?:contiene|incluye)\w*(?=[^.]{0,60}\b(?:información|instrucciones|datos?|cómo|cuánto|cuándo)\b))\b"
        r"|\bno (?:puedo|es posible) (?:responder|encontrar|determinar)\b|\bno hay información\b",
    ),
    QuestionWords(
        kinds={
            "number": r"\bcuánt[oa]s?\b|\bcada cuánto\b|\bcuál es (?:la|el) (?:temperatura|tensión|tamaño|potencia"
            r"|velocidad|longitud|anchura|altura|presión|distancia"
            r"|duración|peso|par|número|capacidad|frecuencia|valor)\b|\ba qué (?:temperatura|velocidad"
            r"|distancia|altura|presión)\b",
            "time": r"\bcuándo\b|\bqué (?:año|fecha|día|mes|siglo)\b",
            "name": r"\bquién(?:es)?\b|\bdónde\b",
        },
        procedure=r"\b(?:cómo|como) (?:se |puedo|debo|hay que|tengo que|podemos|hago|lo |la |\w+[aei]r\b|\w+o\b)"
        r"|\bqué (?:debo|tengo que|hay que) hacer\b|\bpasos\b|\bprocedimiento\b",
        code=r"\b(?:comandos?|sintaxis|qué (?:debo|hay que) escribir)\b",
        list_of=r"\b(?:qué|cuáles) (?:\w+ ){0,3}\w*s\b (?:hay|son|tiene\w*|necesit\w+|debo|se|puede\w*)"
        r"|\bcuáles (?:son|hay)\b|\blista de\b|\bqué (?:necesito|incluye|contiene)\b",
        rule=r"^\W*(?:se puede|puedo|puede|debo|debe|es|está|hay|tiene|son|hace falta|tengo que|si)\b"
        r"|\b(?:se puede|puedo|debo|hay que)\b|\bqué (?:pasa|ocurre|sucede) si\b",
        types={
            "reason": r"\bpor qué\b|\bcuál es (?:la causa|el motivo|la razón)\b|\ba qué se debe\b",
            "interval": r"\bcada cuánt\w+|\bcon qué frecuencia\b|\bcuántas veces (?:al|por|a la)\b",
            "time": r"\bcuánt[oa]s? (?:segundos|minutos|horas|días|semanas|meses|años|tiempo)\b|\bcuánto (?:tarda"
            r"|dura|hay que esperar)\b|\bdurante cuánto\b|\bduración\b",
            "price": r"\bcuánto (?:cuesta|vale)\w*|\bprecio\b|\bcoste\b",
            "weight": r"\bcuánto pesa\w*|\bpeso\b|\bcuántos (?:kilos?|gramos|kg)\b",
            "temperature": r"\btemperatura\b|\bcuántos grados\b",
            "voltage": r"\btensión\b|\bvoltaje\b|\bcuántos voltios\b",
            "current": r"\bcuántos amperios\b",
            "power": r"\bcuántos vatios\b|\bpotencia\b",
            "torque": r"\bpar de apriete\b|\bqué par\b",
            "pressure": r"\b(?:qué|cuál es la) (?:\w+ )?presión\b",
            "noise level": r"\bnivel de ruido\b|\bcuántos decibelios\b",
            "volume": r"\bcuántos (?:litros|mililitros)\b|\bcapacidad del depósito\b",
            "percentage": r"\bporcentaje\b",
            "length": r"\b(?:qué|cuál es la) (?:longitud|anchura|altura|distancia|profundidad)\b|\bdiámetro\b"
            r"|\bdimensiones\b|\bcuánto mide\w*|\bcuántos (?:metros|centímetros|milímetros|mm|cm)\b",
            "colour": r"\b(?:qué|de qué) color\b",
            "number": r"\bnúmero de (?:pedido|serie|pieza|teléfono|modelo|referencia)\b|\bcódigo de error\b",
            "number of them": r"\bcuánt[oa]s\b|\bnúmero de\b",
            "value": r"\bcuánt[oa]\b|\b(?:qué|cuál es (?:la|el)) (?:tamaño|velocidad|capacidad|valor)\b",
        },
        values={
            "reason": r"\b(?:porque|ya que|debido|para|de lo contrario|puesto que|causa|motivo|evitar|proteger"
            r"|impedir|provoca\w*|puede)\b",
            "interval": r"\b(?:cada|todos|todas|una vez|veces|diari\w+|semanal\w*|mensual\w*|anual\w*|regularmente"
            r"|siempre)\b",
            "time": "segundos?|minutos?|horas?|días?|semanas?|mes(?:es)?|años?",
            "length": "metros?|centímetros?|milímetros?|kilómetros?|pulgadas?",
            "weight": "gramos?|kilogramos?|kilos?|toneladas?|libras?",
            "temperature": "grados?",
            "volume": "litros?|mililitros?|tazas?",
            "percentage": "por ciento",
            "price": "euros?|pesos?",
            "power": "vatios?",
            "voltage": "voltios?",
            "current": "amperios?",
            "noise level": "decibelios?",
            "colour": r"\b(?:roj[oa]|verde|azul|blanc[oa]|negr[oa]|amarill[oa]|naranja|gris|morad[oa]|marrón|rosa)s?\b",
        },
        numerals=r"\b(?:dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veinte|treinta|medi[oa]|mitad|diari\w+)\b",
        dates="enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|lunes|martes|miércoles|jueves|viernes|sábado|domingo|siglo",
        leans=r"^\W*(?:y|e|pero|o|entonces|luego|también|además)\b|\b(?:eso|esto|ello|él|ella|ellos|ellas"
        r"|lo mismo|la misma|el mismo)\b|\bse (?:lo|la|los|las) \w+|\w+[aei]r(?:lo|la|los|las)\b",
        bare=r"cuánt[oa]s?|tiempo|cuándo|dónde|por|qué|cómo|cuál(?:es)?|cuesta|hacer|se|hace|hay|que|es|debo|puede|tarda|dura|veces|exactamente|cada",
        opposites=(
            (r"\b(?:encend|enciend)\w+", r"\bapag\w+"),
            (r"\bactiv(?:ar|ado|ada|ación)\b|\bhabilit(?:ar|ado|ada)\b", r"\bdesactiv\w+|\bdeshabilit\w+"),
            (r"\babr(?:ir|a|e|en)\b|\bapertura\b", r"\bcerr(?:ar|ado)\b|\bcierr\w+"),
            (
                r"\b(?:instal|mont|coloc|insert|conect)(?:ar|e|a|ación|aje)\b",
                r"\b(?:desmont|retir|quit|extra|desconect|desinstal)(?:ar|er|e|a|iga|ación|aje)\b",
            ),
            (r"\bbloque\w+", r"\bdesbloque\w+"),
            (
                r"\b(?:iniciar|arrancar|arranque|poner en marcha|puesta en marcha)\b",
                r"\b(?:detener|detenga|parar|parada)\b",
            ),
            (r"\baument(?:ar|e|o)\b|\bsubir\b", r"\bdisminu\w+|\breducir\b|\bbajar\b"),
        ),
    ),
)
